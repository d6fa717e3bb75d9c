/** Where the bytes of an image come from: memory, or a file that is read as a whole or page by page. */
import fs from "node:fs";
import { promisify } from "node:util";
import type { Bytes } from "../byte-pool.ts";
import { argumentError, ComposefsError } from "../errors.ts";
import { nameOfFile, type OpenFile } from "../file-path.ts";
import { fillLimits, LIMITS, READ_LIMITS } from "../limits.ts";
import { type OpenedFile, openGiven } from "../open-file.ts";
import { systemCall } from "../system-call.ts";
import { fail } from "./fault.ts";
import { checkMagic } from "./superblock.ts";

/** An image: its bytes, or the file it is in, by path or open. */
export type ImageSource = Uint8Array | string | URL | OpenFile;

export interface ReadLimits {
	/** Bytes of the image. Default: READ_LIMITS.imageSize */
	readonly imageSize?: number | undefined;
	/** Inodes, and further names of them. Default: READ_LIMITS.inodes */
	readonly inodes?: number | undefined;
	/** Xattrs of all inodes together. Default: READ_LIMITS.xattrs */
	readonly xattrs?: number | undefined;
	/** Bytes of their names and values, of shared ones for each inode. Default: READ_LIMITS.xattrBytes */
	readonly xattrBytes?: number | undefined;
	/** Directories in one another, at most LIMITS.depth. Default: READ_LIMITS.depth */
	readonly depth?: number | undefined;
}

/** A stretch of an image in memory. The byte at offset n of the image is at `n - base`. */
export interface Window {
	readonly bytes: Bytes;
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

/** What errors call an image's file; undefined for bytes, and for a file that came open. */
export function nameOfSource(source: ImageSource): string | undefined {
	return source instanceof Uint8Array ? undefined : nameOfFile(source);
}

const READ_SIZE = 1 << 24;
const MIN_BUFFER = 1 << 16;
const PAGE_SIZE = 1 << 14;
/** What comes in one piece of anything but a pipe, and is enough to see what it is. */
const MAGIC_END = 4096;
const MAX_PAGES = 256;
/** One Buffer has to hold it, in every Node. */
const MAX_IMAGE = 2 ** 32 - 2;

export type Limits = Required<{ readonly [key in keyof ReadLimits]: number }>;

/** The limits of a call, those filled in that it leaves out. */
export function checkLimits(asked: ReadLimits = {}): Limits {
	const limits: Limits = fillLimits(READ_LIMITS, asked);
	for (const [name, value] of Object.entries(limits))
		if (!Number.isSafeInteger(value) || value < 1)
			throw argumentError(`limits.${name} is ${value}, not a number from 1 on`);
	const { depth, imageSize } = limits;
	if (depth > LIMITS.depth) throw argumentError(`limits.depth is more than ${LIMITS.depth}`);
	if (imageSize > MAX_IMAGE) throw argumentError(`limits.imageSize is more than ${MAX_IMAGE}`);
	return limits;
}

/** A whole image in memory. */
export class WholeImage implements ImageBytes {
	readonly size: number;
	readonly #window: Window;

	constructor(bytes: Uint8Array) {
		const { buffer, byteOffset, byteLength } = bytes;
		this.size = byteLength;
		this.#window = {
			bytes: Buffer.from(buffer, byteOffset, byteLength) as Bytes,
			view: new DataView(buffer, byteOffset, byteLength),
			base: 0,
		};
	}

	window(): Window {
		return this.#window;
	}
}

/** What a reader has before an image, and after it. */
export const NO_IMAGE: ImageBytes = new WholeImage(new Uint8Array(0));

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
	const file = await openGiven(source);
	try {
		return await readAll(file, limit, signal);
	} finally {
		await file.close();
	}
}

export function checkSize(size: number, limit: number): void {
	if (size > limit)
		fail("image-size", 0, `the image has ${size} bytes, the limit is ${limit}`, { limit, actual: size });
}

const fstat = promisify(fs.fstat);
const readAt = promisify(fs.read);

export async function fileSizeOf({ fd, name }: OpenedFile): Promise<number> {
	return (await systemCall(fstat(fd), name)).size;
}

/** Reads into bytes from `start` on; returns how many. `position` is in the file. */
async function readInto(
	{ fd, name }: OpenedFile,
	bytes: Buffer,
	start: number,
	length: number,
	position: number,
): Promise<number> {
	return (await systemCall(readAt(fd, bytes, start, length, position), name)).bytesRead;
}

async function readAll(
	file: OpenedFile,
	limit: number,
	signal: AbortSignal | undefined,
): Promise<WholeImage> {
	const size = await fileSizeOf(file);
	checkSize(size, limit);
	// One byte more than the file has, so that its end shows without a second buffer.
	let bytes = allocate(Math.max(MIN_BUFFER, size + 1));
	let length = 0;
	for (;;) {
		signal?.throwIfAborted();
		if (length === bytes.length) bytes = grow(bytes, limit);
		const count = Math.min(bytes.length - length, READ_SIZE);
		const bytesRead = await readInto(file, bytes, length, count, length);
		if (bytesRead === 0) return new WholeImage(bytes.subarray(0, length));
		length += bytesRead;
		checkSize(length, limit);
		// A disk, or a sparse file, is not read to its end only to be none.
		if (length === bytesRead && length >= MAGIC_END) checkMagic(new WholeImage(bytes.subarray(0, length)));
	}
}

/** A file of unknown size, such as a device. */
function grow(bytes: Buffer, limit: number): Buffer {
	const larger = allocate(Math.min(bytes.length * 2, limit + 1));
	bytes.copy(larger);
	return larger;
}

function allocate(size: number): Buffer {
	try {
		return Buffer.allocUnsafeSlow(size);
	} catch (cause) {
		const message = `ENOMEM: there is no memory for ${size} bytes of an image`;
		throw new ComposefsError("ENOMEM", message, { cause });
	}
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
	readonly #file: OpenedFile;
	/** By number; in the order of their last use. */
	readonly #pages = new Map<number, Window>();

	constructor(file: OpenedFile, size: number) {
		this.#file = file;
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
			const bytesRead = await readInto(this.#file, bytes, length, bytes.length - length, base + length);
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
	return {
		bytes: bytes as Bytes,
		view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
		base,
	};
}
