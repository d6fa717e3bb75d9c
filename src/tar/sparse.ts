/**
 * Maps of sparse files: which parts of a file the archive holds, the rest being zeros. Old GNU headers have them in
 * themselves and in blocks that follow; pax headers in records (0.0 and 0.1), or before the data (1.0).
 *
 * A map is a flat list: offset, length, offset, length …
 */
import { bytesToName } from "../names.ts";
import { fail } from "./fault.ts";
import { parseDecimal, parseNumber } from "./numbers.ts";
import { BLOCK_SIZE, type TarReader } from "./reader.ts";

export type SparseMap = readonly number[];

/** Where an error is, and how much a map may hold. */
export interface SparseContext {
	/** Of the header, in the archive. */
	readonly offset: number;
	/** Most segments. */
	readonly limit: number;
}

const COMMA = 0x2c;
const NEWLINE = 0x0a;

/** The GNU.sparse records of a pax header. */
export class PaxSparse {
	readonly #offset: number;
	readonly #pairs: number[];
	#major = "";
	#minor = "";
	#map: Buffer | undefined;
	#seen: boolean;
	/** The file's own name: the header has one that says what it is. */
	name: string | undefined;
	/** Bytes of the file. */
	size: number | undefined;

	/** `pairs` are the offsets and lengths of version 0.0. */
	constructor(pairs: number[], offset: number) {
		this.#offset = offset;
		this.#pairs = pairs;
		this.#seen = pairs.length > 0;
	}

	add(key: string, value: Buffer): void {
		this.#seen = true;
		if (key === "GNU.sparse.major") this.#major = value.toString("latin1");
		else if (key === "GNU.sparse.minor") this.#minor = value.toString("latin1");
		else if (key === "GNU.sparse.name") this.name = bytesToName(value);
		else if (key === "GNU.sparse.map") this.#map = value;
		else if (key === "GNU.sparse.size" || key === "GNU.sparse.realsize")
			this.size = parseDecimal(value, key, this.#offset);
	}

	isThere(): boolean {
		return this.#seen;
	}

	/** The map. In version 1.0 it is read: the data begin after it. */
	async readMap(reader: TarReader, stored: number, { offset, limit }: SparseContext): Promise<SparseMap> {
		const version = `${this.#major}.${this.#minor}`;
		if (version === "1.0") return readDecimalMap(reader, stored, { offset, limit });
		// The first versions did not say that they are versions.
		if (![".", "0.0", "0.1"].includes(version))
			fail("sparse-version", offset, `sparse files of version ${JSON.stringify(version)} are not known`);
		if (this.#map === undefined) return limited(this.#pairs, { offset, limit });
		const list = new DecimalList(COMMA, { offset, limit });
		list.count = Number.POSITIVE_INFINITY;
		list.add(this.#map, 0, this.#map.length);
		list.finish();
		return list.numbers;
	}
}

/** Decimal numbers, each ended by a byte, in as many pieces as they come. */
class DecimalList {
	readonly numbers: number[] = [];
	readonly #separator: number;
	readonly #context: SparseContext;
	#value = 0;
	#digits = 0;
	/** How many there will be; until it is known, the first number is no part of the list, but its length in pairs. */
	count = -1;

	constructor(separator: number, context: SparseContext) {
		this.#separator = separator;
		this.#context = context;
	}

	get isComplete(): boolean {
		return this.numbers.length === this.count;
	}

	add(bytes: Buffer, start: number, end: number): void {
		for (let at = start; at < end && !this.isComplete; at++) {
			const byte = bytes[at] as number;
			if (byte === this.#separator) this.#endNumber();
			else this.#addDigit(byte - 0x30);
		}
	}

	/** Ends the last number where no separator does. */
	finish(): void {
		if (this.#digits > 0 || this.numbers.length > 0) this.#endNumber();
		if (this.numbers.length % 2 !== 0) this.#refuse("has an offset without a length");
	}

	#addDigit(digit: number): void {
		if (digit < 0 || digit > 9 || this.#digits === 16) this.#refuse("is no list of numbers");
		this.#value = this.#value * 10 + digit;
		this.#digits++;
	}

	#endNumber(): void {
		if (this.#digits === 0) this.#refuse("is no list of numbers");
		if (this.count < 0) {
			checkSegments(this.#value, this.#context);
			this.count = this.#value * 2;
		} else {
			this.numbers.push(this.#value);
			checkSegments(this.numbers.length / 2, this.#context);
		}
		this.#value = 0;
		this.#digits = 0;
	}

	#refuse(problem: string): never {
		return fail("sparse-map", this.#context.offset, `the map of the sparse file ${problem}`);
	}
}

/** Version 1.0: a count, then the pairs, one number a line, in blocks of their own before the data. */
async function readDecimalMap(reader: TarReader, stored: number, context: SparseContext): Promise<SparseMap> {
	const list = new DecimalList(NEWLINE, context);
	const end = reader.offset + stored;
	while (!list.isComplete) {
		if (reader.mustPause) await reader.pause();
		if (reader.offset + BLOCK_SIZE > end)
			fail("sparse-map", context.offset, "the map of the sparse file is longer than its data");
		await reader.needBlock();
		list.add(reader.block, reader.blockAt, reader.blockAt + BLOCK_SIZE);
	}
	return list.numbers;
}

const HEADER_MAP = { start: 386, pairs: 4, more: 482 };
const EXTENSION_MAP = { start: 0, pairs: 21, more: 504 };
const FIELD = 12;

/** The map of an old GNU header, which is the reader's last block, and of the blocks that follow it. */
export async function readGnuMap(reader: TarReader, context: SparseContext): Promise<SparseMap> {
	const map: number[] = [];
	for (let layout = HEADER_MAP; ; layout = EXTENSION_MAP) {
		const { block, blockAt } = reader;
		for (let pair = 0; pair < layout.pairs; pair++) {
			const at = blockAt + layout.start + pair * 2 * FIELD;
			// An entry without a length ends the list; the blocks of some writers have rests behind it.
			if (block[at + FIELD] === 0) break;
			map.push(parseNumber(block, at, FIELD), parseNumber(block, at + FIELD, FIELD));
		}
		checkSegments(map.length / 2, context);
		if (block[blockAt + layout.more] === 0) return map;
		if (reader.mustPause) await reader.pause();
		await reader.needBlock();
	}
}

/** Throws unless the segments are in order, apart, within the file, and all of what is stored. */
export function checkMap(map: SparseMap, size: number, stored: number, offset: number): void {
	let end = 0;
	let sum = 0;
	for (let index = 0; index < map.length; index += 2) {
		const start = map[index] as number;
		const length = map[index + 1] as number;
		// Also false where a field was no number.
		if (!(start >= end && length >= 0 && start + length <= size)) {
			const segment = `segment ${index / 2} of the sparse file, ${length} bytes at ${start},`;
			const problem =
				start < end ? `begins before the last one's end at ${end}` : `is not within its ${size}`;
			fail("sparse-map", offset, `${segment} ${problem}`);
		}
		end = start + length;
		sum += length;
	}
	if (sum !== stored)
		fail("sparse-map", offset, `the map of the sparse file has ${sum} bytes, the archive holds ${stored}`);
}

function limited(map: SparseMap, context: SparseContext): SparseMap {
	checkSegments(map.length / 2, context);
	return map;
}

function checkSegments(actual: number, { offset, limit }: SparseContext): void {
	if (actual <= limit) return;
	const text = `the sparse file has ${actual} or more segments, the limit is ${limit}`;
	fail("sparse-segments", offset, text, { limit, actual });
}
