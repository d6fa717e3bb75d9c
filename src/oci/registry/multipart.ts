/** `multipart/byteranges` (RFC 9110 §14.6): several ranges of a blob in one answer. */
import type { RangePiece } from "../../blob.ts";
import { registryError } from "./fault.ts";

/** Bytes that a server says its answer has, of how many: `bytes 0-99/1000`; the last number may be missing. */
export interface ContentRange {
	readonly start: number;
	/** The first byte that is not included. */
	readonly end: number;
	readonly total: number | undefined;
}

/** Headers of one part, or what stands before the first. */
const HEADER_LIMIT = 8192;
const BOUNDARY = /;[ \t]*boundary[ \t]*=[ \t]*(?:"([^"\\]{1,200})"|([^\s;"]{1,200}))/i;
const CONTENT_RANGE = /^bytes[ \t]+(\d{1,15})-(\d{1,15})\/(?:(\d{1,15})|\*)$/i;
const HEADER_END = Buffer.from("\r\n\r\n");

/** The boundary of a `content-type`, if it is of several ranges. */
export function boundaryOf(contentType: string | null): string | undefined {
	if (contentType === null || !/^multipart\/byteranges[ \t]*;/i.test(contentType)) return undefined;
	const [, quoted, plain] = BOUNDARY.exec(contentType) ?? [];
	return quoted ?? plain;
}

export function parseContentRange(header: string | null): ContentRange | undefined {
	const [, first, last, total] = CONTENT_RANGE.exec(header?.trim() ?? "") ?? [];
	if (first === undefined) return undefined;
	const range = { start: Number(first), end: Number(last) + 1, total: total ? Number(total) : undefined };
	return range.start < range.end && range.end <= (range.total ?? range.end) ? range : undefined;
}

/**
 * The parts, piece by piece as they come. The lengths of parts are those of their `content-range`, so that a boundary
 * within the bytes does not end them.
 *
 * @param where what errors call the answer
 * @throws ComposefsError ERR_COMPOSEFS_REGISTRY, rules `range` and `truncated`
 */
export async function* parseMultipart(
	source: AsyncIterable<Uint8Array>,
	boundary: string,
	where: string | URL,
	total: number,
): AsyncGenerator<RangePiece> {
	const input = new Input(source, where);
	const delimiter = Buffer.from(`--${boundary}`, "latin1");
	try {
		// The first boundary has no line break before it if nothing else stands there.
		await input.skipThrough(delimiter);
		while (!(await input.startsWith("--"))) {
			const header = await input.takeThrough(HEADER_END);
			const range = partRange(header.toString("latin1"), where);
			if (range.total !== undefined && range.total !== total)
				throw registryError("range", where, `a part of ${range.total} bytes, of a blob that has ${total}`);
			yield* input.takePieces(range.start, range.end);
			await input.skipThrough(Buffer.concat([Buffer.from("\r\n"), delimiter]));
		}
	} finally {
		await input.close();
	}
}

function partRange(header: string, where: string | URL): ContentRange {
	const line = header.split("\r\n").find((text) => /^content-range[ \t]*:/i.test(text));
	const range = parseContentRange(line?.slice(line.indexOf(":") + 1) ?? null);
	if (range === undefined) throw registryError("range", where, "a part does not say which bytes it has");
	return range;
}

/** Bytes as they come, of which little is held. */
class Input {
	readonly #source: AsyncIterator<Uint8Array>;
	readonly #where: string | URL;
	#held: Buffer = Buffer.alloc(0);

	constructor(source: AsyncIterable<Uint8Array>, where: string | URL) {
		this.#source = source[Symbol.asyncIterator]();
		this.#where = where;
	}

	async close(): Promise<void> {
		await this.#source.return?.();
	}

	/** Whether a text is next; what is next is then behind. */
	async startsWith(text: string): Promise<boolean> {
		while (this.#held.length < text.length) await this.#more();
		return this.#held.toString("latin1", 0, text.length) === text;
	}

	async skipThrough(mark: Buffer): Promise<void> {
		await this.takeThrough(mark);
	}

	/** Everything up to a mark, and the mark. */
	async takeThrough(mark: Buffer): Promise<Buffer> {
		for (;;) {
			const at = this.#held.indexOf(mark);
			const end = at < 0 ? this.#held.length : at + mark.length;
			if (end > HEADER_LIMIT) {
				const text = `more than ${HEADER_LIMIT} bytes between two parts`;
				throw registryError("range", this.#where, text, { limit: HEADER_LIMIT });
			}
			if (at >= 0) return this.#take(end);
			await this.#more();
		}
	}

	async *takePieces(start: number, end: number): AsyncGenerator<RangePiece> {
		for (let offset = start; offset < end; ) {
			if (this.#held.length === 0) await this.#more();
			const bytes = this.#take(Math.min(this.#held.length, end - offset));
			if (bytes.length > 0) yield { offset, bytes };
			offset += bytes.length;
		}
	}

	#take(length: number): Buffer {
		const bytes = this.#held.subarray(0, length);
		this.#held = this.#held.subarray(length);
		return bytes;
	}

	async #more(): Promise<void> {
		const { done, value } = await this.#source.next();
		if (done) throw registryError("truncated", this.#where, "ends within its parts");
		const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
		this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
	}
}
