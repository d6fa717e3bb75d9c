/** What an image is, at a glance. */
import { computeDigest } from "../digest.ts";
import type { ImageHeader } from "./image.ts";
import { openImage } from "./open.ts";
import type { ImageSource, ReadLimits } from "./source.ts";

export interface ImageInfo extends ImageHeader {
	/** fs-verity digest of the image, 64 hexadecimal digits: what `mkcomposefs --print-digest` prints. */
	readonly digest: string;
}

/**
 * The header of an image, checked, and the image's digest; nothing else is read as a structure.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_IMAGE`; or the error of a system call; or the reason of `signal`
 */
export async function imageInfo(
	source: ImageSource,
	options: { readonly signal?: AbortSignal | undefined; readonly limits?: ReadLimits | undefined } = {},
): Promise<ImageInfo> {
	const image = await openImage(source, options);
	await image.close();
	return { ...image.info, digest: await computeDigest(source, { signal: options.signal }) };
}
