/** Images from where they are to where they are wanted. */
import { type BlobSource, bytesBlob } from "../../blob.ts";
import { type OptionNames, refuseUnknown } from "../../known-options.ts";
import { checkParallel, forEachParallel } from "../../parallel.ts";
import { checkDestination, checkImage } from "../arguments.ts";
import type { Descriptor, ResolvedImage } from "../image.ts";
import type { ImageDestination } from "./destination.ts";

export interface CopyOptions {
	/**
	 * What the copy is called; null: it has its digest only. Default: for a repository, the tag of its reference, which is
	 * `latest` where that says nothing; for a layout, null
	 */
	readonly tag?: string | null | undefined;
	/** Layers at once. Default: 3 */
	readonly parallel?: number | undefined;
	/** Told of each blob, config included, when it is there. */
	readonly onBlob?: ((descriptor: Descriptor, existed: boolean) => void) | undefined;
	readonly signal?: AbortSignal | undefined;
}

const PARALLEL = 3;

const NAMES: OptionNames<CopyOptions> = { tag: true, parallel: true, onBlob: true, signal: true };

/**
 * Copies an image of one platform: its layers, several at once, its config, and then its manifest, so that what is
 * there is complete. Every blob is checked on its way, by whoever stores it. What is there already is not read.
 *
 * @throws ComposefsError of the source or the destination; the reason of the signal
 */
export async function copyImage(
	image: ResolvedImage,
	destination: ImageDestination,
	options: CopyOptions = {},
): Promise<void> {
	checkImage(image);
	checkDestination(destination);
	// With a misspelt `tag` the copy would take that of another image: `latest`.
	refuseUnknown(options, NAMES);
	const { tag: asked, parallel = PARALLEL, onBlob, signal } = options;
	const tag = asked === undefined ? destination.defaultTag : (asked ?? undefined);
	checkParallel(parallel, "layers");
	if (tag !== undefined) destination.checkTag?.(tag);
	const { manifest, config, layers } = image;
	const blobs = new Map<string, { descriptor: Descriptor; blob: BlobSource }>();
	const { digest } = config.descriptor;
	blobs.set(digest, { descriptor: config.descriptor, blob: bytesBlob(config.bytes, digest) });
	// The same layer may be in an image twice.
	for (const { descriptor, blob } of layers) blobs.set(descriptor.digest, { descriptor, blob });
	const put = async (
		{ descriptor, blob }: { descriptor: Descriptor; blob: BlobSource },
		either: AbortSignal,
	) => {
		const existed = await destination.putBlob(descriptor, blob, { signal: either });
		onBlob?.(descriptor, existed);
	};
	await forEachParallel(blobs.values(), parallel, put, signal);
	const { subject, artifactType } = manifest.value;
	const { mediaType, digest: named } = manifest.descriptor;
	const document = { mediaType, digest: named, bytes: manifest.bytes, tag, subject, artifactType };
	await destination.putManifest(document, { signal });
}
