/** An image that is looked into, not loaded: only what a question needs is read. */
import { inFile } from "../errors.ts";
import { type OpenedFile, openGiven } from "../open-file.ts";
import { Image } from "./image.ts";
import {
	checkLimits,
	checkSize,
	fileSizeOf,
	type ImageSource,
	type Limits,
	PagedImage,
	type ReadLimits,
	WholeImage,
} from "./source.ts";
import { readSuperblock } from "./superblock.ts";

/**
 * Opens an image for questions. Costs a few pages of reading, whatever its size.
 *
 * @param source   the image's bytes, or its file, by path or open; neither must change while the image is open.
 *   A file that came open stays open.
 * @throws ComposefsError `ERR_COMPOSEFS_IMAGE`, if it is no image; or the error of a system call
 */
export async function openImage(
	source: ImageSource,
	options: { readonly signal?: AbortSignal | undefined; readonly limits?: ReadLimits | undefined } = {},
): Promise<Image> {
	const limits = checkLimits(options.limits);
	options.signal?.throwIfAborted();
	if (source instanceof Uint8Array) {
		checkSize(source.length, limits.imageSize);
		const bytes = new WholeImage(source);
		const access = { bytes, run: async <T>(action: () => T) => action(), close: async () => {} };
		return new Image(access, readSuperblock(bytes), limits);
	}
	return imageIn(await openGiven(source), limits);
}

/** The image in an open file, which is closed with it, or if it is none. */
export async function imageIn(file: OpenedFile, limits: Limits): Promise<Image> {
	try {
		const size = await fileSizeOf(file);
		checkSize(size, limits.imageSize);
		const bytes = new PagedImage(file, size);
		const superblock = await bytes.run(() => readSuperblock(bytes));
		const access = { bytes, run: <T>(action: () => T) => bytes.run(action), close: () => file.close() };
		return new Image(access, superblock, limits);
	} catch (error) {
		await file.close();
		throw inFile(error, file.name);
	}
}
