/**
 * What a worker can do: the part that runs in the sandbox. An operation takes its input's bytes and gives the parts of
 * its output; `sandbox.ts` has the function of each that its users call. All that one needs is imported from
 * here: a locked worker can load nothing.
 */
import { formatDumpChunks } from "../dump/format.ts";
import { parseDump } from "../dump/parse.ts";
import { ComposefsError } from "../errors.ts";
import { readImage } from "../image/read.ts";
import type { ReadLimits } from "../image/source.ts";
import { dumpText } from "../image-text.ts";
import { nameToBytes } from "../names.ts";
import { type ParseTocOptions, parseTocJson } from "../toc/parse.ts";
import { type ImageInMemory, type VersionOptions, writeImage, writeRecords } from "../write.ts";
import { readDocuments, readPieces } from "./input.ts";

type TocOptions = VersionOptions & Pick<ParseTocOptions, "limits">;

/** @param options   as the sandbox sent them: the caller's, not to be mistrusted */
export type Operation = (input: Buffer, options: never) => Promise<readonly Uint8Array[]>;

export const OPERATIONS: { readonly [name: string]: Operation } = {
	"image-from-dump": async (input: Buffer, options: VersionOptions) =>
		imageParts(await writeImage(await parseDump(input), options)),
	"image-from-records": async (input: Buffer, options: VersionOptions) =>
		imageParts(await writeRecords(readPieces(input) as Iterable<Buffer>, options)),
	"image-from-toc": async (input: Buffer, { limits, ...versions }: TocOptions) =>
		imageParts(await writeImage(await parseTocJson(readDocuments(input), { limits }), versions)),
	"dump-from-image": async (input: Buffer, limits: ReadLimits) =>
		Array.of(Buffer.concat((await dumpText(input, { limits })) ?? (await dumpTree(input, limits)))),
};

/** The image; then the paths that there are warnings of, each with a NUL behind it. */
function imageParts({ image, warnings }: ImageInMemory): Uint8Array[] {
	const paths = warnings.flatMap(({ path }) => [nameToBytes(path), Uint8Array.of(0)]);
	return [image, Buffer.concat(paths)];
}

async function dumpTree(image: Buffer, limits: ReadLimits): Promise<Buffer[]> {
	const chunks = formatDumpChunks(await readImage(image, { limits }));
	return Array.from(chunks, (ascii) => Buffer.from(ascii, "latin1"));
}

/** Characters of a text in a frame: of what is longer, the beginning. */
const MAX_TEXT = 4096;

const NO_MEMORY = /allocation failed|failed to allocate/i;

/** What a frame can say of an error. */
export function describeError(error: unknown): object {
	if (error instanceof ComposefsError) {
		const { code, rule, field, syscall, expected, limit, offset, line, errno, actual } = error;
		const [message, path] = [error.message, error.path].map((text) => text?.slice(0, MAX_TEXT));
		return { code, message, rule, path, field, syscall, expected, limit, offset, line, errno, actual };
	}
	// V8 has words alone for a Buffer that there is no memory for.
	if (error instanceof RangeError && NO_MEMORY.test(error.message))
		return { code: "ENOMEM", message: error.message.slice(0, MAX_TEXT) };
	const code = (error as NodeJS.ErrnoException)?.code;
	if (code === "EFBIG") return { code, message: "there is too much output" };
	return { code: "ERR_COMPOSEFS_SANDBOX", message: String(error).slice(0, MAX_TEXT), rule: "crash" };
}
