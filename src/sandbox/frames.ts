/**
 * What goes over the pipe between a sandbox and its worker: the length of a text in four bytes, little-endian,
 * and the text, which is JSON. Trees and images go through files in memory beside it.
 */
import fs from "node:fs";
import { junk } from "./fault.ts";

/** Descriptors that a worker is started with: frames both ways, and the files of input and output. */
export const PIPE = 3;
export const INPUT = 4;
export const OUTPUT = 5;

/** What the process that starts a worker tells it, as the one argument of its program. */
export interface WorkerSettings {
	readonly memory: number;
	readonly outputSize: number;
	readonly jit: boolean;
}

/** Bytes of a frame. The longest is an error that names a path. */
export const MAX_FRAME = 1 << 16;
const HEADER = 4;

export function encodeFrame(value: unknown): Buffer {
	const text = Buffer.from(JSON.stringify(value), "utf8");
	const frame = Buffer.allocUnsafe(HEADER + text.length);
	frame.writeUInt32LE(text.length, 0);
	text.copy(frame, HEADER);
	return frame;
}

/** Frames from a worker that may send anything. Nothing but JSON.parse looks at what they hold. */
export class FrameReader {
	/** The frame that is not there yet: so many bytes of it are. One buffer, since they may come one by one. */
	readonly #frame = Buffer.allocUnsafeSlow(HEADER + MAX_FRAME);
	#length = 0;

	/** @throws ComposefsError for what cannot be a frame */
	*read(piece: Uint8Array): Generator<unknown, void, undefined> {
		for (let at = 0; at < piece.length; ) {
			const taken = piece.subarray(at, at + this.#end() - this.#length);
			this.#frame.set(taken, this.#length);
			this.#length += taken.length;
			at += taken.length;
			if (this.#length < HEADER || this.#length < this.#end()) continue;
			const text = this.#frame.toString("utf8", HEADER, this.#length);
			this.#length = 0;
			yield parse(text);
		}
	}

	/** Where the frame ends, or its length, as long as that is not there. */
	#end(): number {
		if (this.#length < HEADER) return HEADER;
		const size = this.#frame.readUInt32LE(0);
		if (size > MAX_FRAME) throw junk(`a frame of ${size} bytes`);
		return HEADER + size;
	}
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		throw junk("a frame that is not JSON");
	}
}

/** In the worker: waits for the next frame; undefined at the end. It has nothing else to do meanwhile. */
export function readFrame(fd: number): unknown {
	const header = readExactly(fd, HEADER);
	const text = header && readExactly(fd, header.readUInt32LE(0));
	return text && JSON.parse(text.toString("utf8"));
}

function readExactly(fd: number, size: number): Buffer | undefined {
	const bytes = Buffer.alloc(size);
	for (let length = 0; length < size; ) {
		const count = fs.readSync(fd, bytes, length, size - length, null);
		if (count === 0) return undefined;
		length += count;
	}
	return bytes;
}

/** In the worker. */
export function writeFrame(fd: number, value: unknown): void {
	writeBytes(fd, encodeFrame(value), null);
}

/** Writes all of the bytes; without a position, from where the file stands. */
export function writeBytes(fd: number, bytes: Uint8Array, position: number | null): void {
	for (let at = 0; at < bytes.length; )
		at += fs.writeSync(fd, bytes, at, bytes.length - at, position === null ? null : position + at);
}
