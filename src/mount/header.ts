/** What has to be known of an image before it is mounted. */
import { argumentError, inFile } from "../errors.ts";
import type { OpenFile } from "../file-path.ts";
import { openImage } from "../image/open.ts";

/**
 * Checks the image's header: the kernel would mount a truncated image without complaint, with an empty root.
 *
 * @param name   what errors call the file, which is read by its descriptor
 * @throws ComposefsError `ERR_COMPOSEFS_IMAGE`; or the error of a system call; or the reason of `signal`
 */
export async function headerOf(
	file: OpenFile,
	name: string,
	signal: AbortSignal | undefined,
): Promise<{ readonly hasAcl: boolean }> {
	if (file.fd < 0) throw argumentError(`${name} is closed`);
	const image = await openImage(file, { signal }).catch((error) => {
		throw inFile(error, name);
	});
	await image.close();
	return image.info;
}
