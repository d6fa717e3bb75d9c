/** What callers without types get wrong. */
import { argumentError } from "../errors.ts";
import type { ImageDestination } from "./copy/destination.ts";
import type { BlobFinder, Descriptor, ResolvedImage } from "./image.ts";

/** @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT`, rule `image` */
export function checkImage(image: ResolvedImage): void {
	checkManifest(image);
	if (!Array.isArray(image.layers) || image.config === undefined) refuseImage();
}

/** Of what only the documents are asked. */
export function checkManifest(image: Pick<ResolvedImage, "manifest">): void {
	if (image?.manifest?.value === undefined) refuseImage();
}

function refuseImage(): never {
	throw argumentError("an image is what resolve() of a layout, an archive or a repository gives", {
		rule: "image",
	});
}

/** @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT`, rule `destination` */
export function checkDestination(destination: ImageDestination): void {
	if (typeof destination?.putBlob === "function" && typeof destination.putManifest === "function") return;
	throw argumentError("an image is copied to a repository or a LayoutDestination", { rule: "destination" });
}

/** @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT`, rule `descriptor` */
export function checkDescribed(blobs: BlobFinder, descriptor: Descriptor): void {
	if (typeof blobs?.blob === "function" && typeof descriptor?.mediaType === "string") return;
	throw argumentError("an image is found by a descriptor, in a layout or a repository", {
		rule: "descriptor",
	});
}
