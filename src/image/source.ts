/** Where the bytes of an image come from: memory, or a file that is read as a whole or page by page. */
import { type FileHandle, open } from "node:fs/promises";
import { ComposefsError } from "../errors.ts";
import { pathToString } from "../file-path.ts";
import { LIMITS, READ_LIMITS } from "../limits.ts";
import { fail } from "./fault.ts";

/** An image: its bytes, or the file it is in, by path or open. */
export type ImageSource = Uint8Array | string | URL | FileHandle;

export interface ReadLimits {
	/** Bytes of the image. Default: READ_LIMITS.imageSize */
	readonly imageSize?: number | undefined;
	/** Inodes. Default: READ_LIMITS.inodes */
	readonly inodes?: number | undefined;
	/** Directories in one another, at most LIMITS.depth. Default: READ_LIMITS.depth */
	readonly depth?: number | undefined;
}

/** A stretch of an image in memory. The byte at offset n of the image is at `n - base`. */
export interface Window {
	readonly bytes: Buffer;
	readonly view: DataView;
	readonly base: number;
}

/** An image whose bytes can be had at once, or will be after a wait for `MissingPages`. */
export interface ImageBytes {
	/** Of the whole image, in bytes. */
	readonly size: number;
	/** A window that holds these bytes. They must be within the image. */
	window(at: number, length: number): Window;
}

const READ_SIZE = 1 << 24;
const MIN_BUFFER = 1 << 16;
const PAGE_SIZE = 1 << 14;
const MAX_PAGES = 256;
/** One Buffer has to hold it, in every Node. */
const MAX_IMAGE = 2 ** 32 - 2;

export function checkLimits(limits: ReadLimits = {}): Required<{ [key in keyof ReadLimits]: number }> {
	const { imageSize = READ_LIMITS.imageSize, inodes = READ_LIMITS.inodes, depth = LIMITS.depth } = limits;
	for (const [name, value] of Object.entries({ imageSize, inodes, depth }))
		if (!Number.isSafeInteger(value) || value < 1)
			throw new ComposefsError(
				"ERR_COMPOSEFS_ARGUMENT",
				`limits.${name} is ${value}, not a number from 1 on`,
			);
	if (depth > LIMITS.depth)
		throw new ComposefsError("ERR_COMPOSEFS_ARGUMENT", `limits.depth is more than ${LIMITS.depth}`);
	if (imageSize > MAX_IMAGE)
		throw new ComposefsError("ERR_COMPOSEFS_ARGUMENT", `limits.imageSize is more than ${MAX_IMAGE}`);
	return { imageSize, inodes, depth };
}

/** A whole image in memory. */
export class WholeImage implements ImageBytes {
	readonly size: number;
	readonly #window: Window;

	constructor(bytes: Uint8Array) {
		const { buffer, byteOffset, byteLength } = bytes;
		this.size = byteLength;
		this.#window = {
			bytes: Buffer.from(buffer, byteOffset, byteLength),
			view: new DataView(buffer, byteOffset, byteLength),
			base: 0,
		};
	}

	window(): Window {
		return this.#window;
	}
}

/** All bytes of an image; a file is read in the background. */
export async function loadImage(
	source: ImageSource,
	limit: number,
	signal: AbortSignal | undefined,
): Promise<WholeImage> {
	signal?.throwIfAborted();
	if (source instanceof Uint8Array) {
		checkSize(source.length, limit);
		return new WholeImage(source);
	}
	return withFile(source, (file, name) => readAll(file, name, limit, signal));
}

export function checkSize(size: number, limit: number): void {
	if (size > limit)
		fail("image-size", 0, `the image has ${size} bytes, the limit is ${limit}`, { limit, actual: size });
}

/** Opens the file of a source; closes it again unless it came open. */
async function withFile<T>(
	source: string | URL | FileHandle,
	use: (file: FileHandle, name: string | undefined) => Promise<T>,
): Promise<T> {
	const { file, name } = await openSource(source);
	try {
		return await use(file, name);
	} finally {
		if (file !== source) await file.close();
	}
}

/** An open file for a source, and what an error calls it. */
export async function openSource(
	source: string | URL | FileHandle,
): Promise<{ file: FileHandle; name: string | undefined }> {
	if (typeof source === "object" && source !== null && "fd" in source)
		return { file: source, name: undefined };
	const name = pathToString(source);
	return { file: await systemCall(open(name, "r"), name), name };
}

async function readAll(
	file: FileHandle,
	name: string | undefined,
	limit: number,
	signal: AbortSignal | undefined,
): Promise<WholeImage> {
	const { size } = await systemCall(file.stat(), name);
	checkSize(size, limit);
	// One byte more than the file has, so that its end shows without a second buffer.
	let bytes: Buffer = Buffer.allocUnsafeSlow(Math.max(MIN_BUFFER, size + 1));
	let length = 0;
	for (;;) {
		signal?.throwIfAborted();
		if (length === bytes.length) bytes = grow(bytes, limit);
		const count = Math.min(bytes.length - length, READ_SIZE);
		const { bytesRead } = await systemCall(file.read(bytes, length, count, length), name);
		if (bytesRead === 0) return new WholeImage(bytes.subarray(0, length));
		length += bytesRead;
		checkSize(length, limit);
	}
}

/** A file of unknown size, such as a device. */
function grow(bytes: Buffer, limit: number): Buffer {
	const larger = Buffer.allocUnsafeSlow(Math.min(bytes.length * 2, limit + 1));
	bytes.copy(larger);
	return larger;
}

/** Thrown where bytes are wanted that have not been read yet; caught by PagedImage.run. */
class MissingPages {
	readonly first: number;
	readonly end: number;

	constructor(first: number, end: number) {
		this.first = first;
		this.end = end;
	}
}

/** An image in a file, of which only those pages are read that are looked at. The last ones used are kept. */
export class PagedImage implements ImageBytes {
	readonly size: number;
	readonly #file: FileHandle;
	readonly #name: string | undefined;
	/** By number; in the order of their last use. */
	readonly #pages = new Map<number, Window>();

	constructor(file: FileHandle, name: string | undefined, size: number) {
		this.#file = file;
		this.#name = name;
		this.size = size;
	}

	/** Does something that looks at windows, again and again until all pages it wants have been read. */
	async run<T>(action: () => T): Promise<T> {
		try {
			for (;;) {
				const missing = this.#attempt(action);
				if (!(missing instanceof MissingPages)) return missing;
				for (let page = missing.first; page < missing.end; page++) await this.#read(page);
			}
		} finally {
			// Not earlier: an action may need more pages at once than are kept.
			this.#evict();
		}
	}

	#attempt<T>(action: () => T): T | MissingPages {
		try {
			return action();
		} catch (error) {
			if (error instanceof MissingPages) return error;
			throw error;
		}
	}

	window(at: number, length: number): Window {
		const first = Math.floor(at / PAGE_SIZE);
		const end = Math.floor((at + Math.max(length, 1) - 1) / PAGE_SIZE) + 1;
		const pages: Window[] = [];
		for (let number = first; number < end; number++) {
			const page = this.#pages.get(number);
			if (page === undefined) throw new MissingPages(first, end);
			this.#pages.delete(number);
			this.#pages.set(number, page);
			pages.push(page);
		}
		if (pages.length === 1) return pages[0] as Window;
		return windowOf(Buffer.concat(pages.map((page) => page.bytes)), first * PAGE_SIZE);
	}

	async #read(number: number): Promise<void> {
		if (this.#pages.has(number)) return;
		const base = number * PAGE_SIZE;
		const bytes = Buffer.allocUnsafeSlow(Math.min(PAGE_SIZE, this.size - base));
		for (let length = 0; length < bytes.length; ) {
			const read = this.#file.read(bytes, length, bytes.length - length, base + length);
			const { bytesRead } = await systemCall(read, this.#name);
			if (bytesRead === 0) fail("image-size", base + length, "the file has become shorter");
			length += bytesRead;
		}
		this.#pages.set(number, windowOf(bytes, base));
	}

	#evict(): void {
		for (const oldest of this.#pages.keys()) {
			if (this.#pages.size <= MAX_PAGES) break;
			this.#pages.delete(oldest);
		}
	}
}

function windowOf(bytes: Buffer, base: number): Window {
	return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), base };
}

/** The result of a system call of node:fs; its error becomes this package's. */
export async function systemCall<T>(call: Promise<T>, path?: string): Promise<T> {
	try {
		return await call;
	} catch (cause) {
		const { code = "EIO", message, errno, syscall } = cause as NodeJS.ErrnoException;
		throw new ComposefsError(code, message, {
			cause,
			...(errno !== undefined && { errno }),
			...(syscall !== undefined && { syscall }),
			...(path !== undefined && { path }),
		});
	}
}
