import { describe, expect, test } from "@jest/globals";
import { xxh32 } from "../../src/image/hash.ts";

describe("xxh32", () => {
	// Of the reference program, xxhsum -H0, and for seeds of its library.
	test.each([
		["", 0, 0x02cc5d05],
		["", 1, 0x0b2cb792],
		["a", 0, 0x550d7456],
		["abc", 0, 0x32d153ff],
		["Nobody inspects the spammish repetition", 0, 0xe2293b2f],
	])("%j with the seed %i", (text, seed, hash) => {
		expect(xxh32(Buffer.from(text), seed)).toBe(hash);
	});
});
