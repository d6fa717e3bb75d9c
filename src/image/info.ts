/** What an image is, at a glance. */
import { computeDigest } from "../digest.ts";
import { inFile } from "../errors.ts";
import type { OpenFile } from "../file-path.ts";
import { openGiven } from "../open-file.ts";
import type { Image, ImageHeader } from "./image.ts";
import { imageIn, openImage } from "./open.ts";
import { checkLimits, type ImageSource, type ReadLimits } from "./source.ts";

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
	const { signal } = options;
	const limits = checkLimits(options.limits);
	if (source instanceof Uint8Array) return infoOf(await openImage(source, options), source, signal);
	signal?.throwIfAborted();
	// Opened once: header and digest are of the same file, whatever gets its name meanwhile.
	const file = await openGiven(source);
	return infoOf(await imageIn(file, limits), file, signal).catch((error) => {
		// It is read by its descriptor, which errors have no name for.
		throw inFile(error, file.name);
	});
}

async function infoOf(
	image: Image,
	content: Uint8Array | OpenFile,
	signal: AbortSignal | undefined,
): Promise<ImageInfo> {
	try {
		return { ...image.info, digest: await computeDigest(content, { signal }) };
	} finally {
		await image.close();
	}
}
