import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { RangePiece } from "../../../src/blob.ts";
import { boundaryOf, parseContentRange, parseMultipart } from "../../../src/oci/registry/multipart.ts";

/** Bytes in pieces of a length each. */
async function* inPieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
	for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

interface Part {
	readonly start: number;
	readonly bytes: Buffer;
}

function write(parts: readonly Part[], boundary: string, total: number | "*", preamble = ""): Buffer {
	const pieces = parts.flatMap(({ start, bytes }, index) => [
		Buffer.from(
			`${index === 0 ? preamble : "\r\n"}--${boundary}\r\nContent-Type: application/octet-stream\r\n` +
				`Content-Range: bytes ${start}-${start + bytes.length - 1}/${total}\r\n\r\n`,
		),
		bytes,
	]);
	return Buffer.concat([...pieces, Buffer.from(`\r\n--${boundary}--\r\n`)]);
}

async function read(bytes: Uint8Array, length: number, boundary: string, total: number): Promise<Part[]> {
	const parts: Part[] = [];
	let last: RangePiece | undefined;
	for await (const piece of parseMultipart(inPieces(bytes, length), boundary, "here", total)) {
		const before = parts.at(-1);
		if (last !== undefined && before !== undefined && last.offset + last.bytes.length === piece.offset)
			parts[parts.length - 1] = { start: before.start, bytes: Buffer.concat([before.bytes, piece.bytes]) };
		else parts.push({ start: piece.offset, bytes: Buffer.from(piece.bytes) });
		last = piece;
	}
	return parts;
}

/** Parts that do not touch, with what looks like boundaries in them. */
const someParts = fc
	.array(
		fc.tuple(
			fc.integer({ min: 1, max: 50 }),
			fc.constantFrom("--B", "\r\n--B--\r\n", "\r\n\r\n", "x", "\0\0"),
		),
		{
			minLength: 1,
			maxLength: 8,
		},
	)
	.map((items) => {
		let start = 0;
		return items.map(([gap, text]) => {
			start += gap;
			const part = { start, bytes: Buffer.from(text) };
			start += text.length;
			return part;
		});
	});

describe("several ranges in an answer", () => {
	test("come back as they were, however they are cut", async () => {
		await fc.assert(
			fc.asyncProperty(someParts, fc.integer({ min: 1, max: 40 }), async (parts, length) => {
				expect(await read(write(parts, "B", 10_000), length, "B", 10_000)).toEqual(parts);
				expect(await read(write(parts, "B", "*", "\r\n"), length, "B", 10_000)).toEqual(parts);
			}),
		);
	});

	test("cut short anywhere: one error", async () => {
		const whole = write(
			[
				{ start: 5, bytes: Buffer.from("abc") },
				{ start: 9, bytes: Buffer.from("d") },
			],
			"B",
			20,
		);
		for (let length = 0; length < whole.length - 4; length++)
			await expect(read(whole.subarray(0, length), 7, "B", 20)).rejects.toMatchObject({ rule: "truncated" });
	});

	test.each([
		["no content-range", "--B\r\nContent-Type: x\r\n\r\nabc\r\n--B--"],
		["a range that ends before it begins", "--B\r\nContent-Range: bytes 5-4/20\r\n\r\n"],
		["a range beyond the blob", "--B\r\nContent-Range: bytes 5-20/20\r\n\r\n"],
		["another blob", "--B\r\nContent-Range: bytes 5-6/21\r\n\r\nab\r\n--B--"],
		["more between parts than headers need", `--B\r\nX: ${"x".repeat(9000)}\r\n\r\n`],
		["something long before the first part", "x".repeat(9000)],
	])("%s is an error", async (_title, text) => {
		await expect(read(Buffer.from(text), 100, "B", 20)).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_REGISTRY",
			rule: "range",
		});
	});

	test("the connection is let go of when nobody reads on", async () => {
		let ended = false;
		const source = (async function* () {
			try {
				yield write([{ start: 0, bytes: Buffer.from("abc") }], "B", 3);
				yield Buffer.from("more");
			} finally {
				ended = true;
			}
		})();
		for await (const _piece of parseMultipart(source, "B", "here", 3)) break;
		expect(ended).toBe(true);
	});
});

describe("headers", () => {
	test.each([
		["multipart/byteranges; boundary=abc", "abc"],
		['multipart/byteranges; boundary="a b;c"', "a b;c"],
		["Multipart/ByteRanges; charset=x; Boundary=abc ; y=z", "abc"],
		["multipart/byteranges", undefined],
		["multipart/form-data; boundary=abc", undefined],
		["application/octet-stream", undefined],
		[null, undefined],
	])("boundary of %s", (header, expected) => expect(boundaryOf(header)).toBe(expected));

	test.each([
		["bytes 0-0/1", { start: 0, end: 1, total: 1 }],
		["bytes 5-9/*", { start: 5, end: 10, total: undefined }],
		[" Bytes 5-9/10 ", { start: 5, end: 10, total: 10 }],
		["bytes */10", undefined],
		["bytes 9-5/10", undefined],
		["bytes 5-10/10", undefined],
		["bytes -5/10", undefined],
		["bytes 0-9999999999999999999/1", undefined],
		["items 0-1/2", undefined],
		[null, undefined],
	])("range of %s", (header, expected) => expect(parseContentRange(header)).toEqual(expected));
});
