import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { sharedLength, skipPlain, Token } from "../../src/toc/words.ts";

const byte = fc.oneof(
	fc.nat(255),
	fc.constantFrom(0, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x5b, 0x5c, 0x5d, 0x7f, 0x80, 0xff),
);
const bytes = fc.array(byte, { maxLength: 24 }).map((values) => Buffer.from(values));

function viewOf(buffer: Buffer): DataView {
	return new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
}

function isSpecial(value: number): boolean {
	return value < 0x20 || value >= 0x80 || value === 0x22 || value === 0x5c;
}

test("what is skipped is plain, and all of it that fills words is", () => {
	fc.assert(
		fc.property(bytes, fc.nat(24), (buffer, start) => {
			const from = Math.min(start, buffer.length);
			const plain = buffer.subarray(from).findIndex(isSpecial);
			const length = plain < 0 ? buffer.length - from : plain;
			expect(skipPlain(viewOf(buffer), from, buffer.length) - from).toBe(length - (length % 4));
		}),
		{ numRuns: 5000 },
	);
});

test("every byte counts as what it is, at each place of a word", () => {
	for (let value = 0; value < 256; value++)
		for (let place = 0; place < 4; place++) {
			const buffer = Buffer.from("aaaa");
			buffer[place] = value;
			expect(skipPlain(viewOf(buffer), 0, 4)).toBe(isSpecial(value) ? 0 : 4);
		}
});

test("bytes that are shared are counted up to the first that is not", () => {
	fc.assert(
		fc.property(bytes, bytes, fc.nat(24), (a, b, differsAt) => {
			const other = Buffer.from(a);
			if (differsAt < other.length) other[differsAt] = (other[differsAt] as number) ^ 0x10;
			const view = viewOf(Buffer.concat([a, b, other, b]));
			const length = a.length + b.length;
			const expected = differsAt < a.length ? differsAt : length;
			expect(sharedLength(view, 0, length, length)).toBe(expected);
		}),
		{ numRuns: 1000 },
	);
});

test("a token is found where all of its bytes are", () => {
	const text = fc.array(fc.nat(127), { minLength: 4, maxLength: 24 });
	fc.assert(
		fc.property(text, fc.nat(8), fc.nat(23), fc.integer({ min: 1, max: 255 }), (bytes, at, place, change) => {
			const token = new Token(Buffer.from(bytes).toString("latin1"));
			expect(token.length).toBe(bytes.length);
			const buffer = Buffer.concat([Buffer.alloc(at), Buffer.from(bytes)]);
			expect(token.isAt(viewOf(buffer), at)).toBe(true);
			const changed = at + (place % bytes.length);
			buffer[changed] = (buffer[changed] as number) ^ change;
			expect(token.isAt(viewOf(buffer), at)).toBe(false);
		}),
	);
});
