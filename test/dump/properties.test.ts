import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { formatDump } from "../../src/dump/format.ts";
import { parseDump } from "../../src/dump/parse.ts";
import { ComposefsError } from "../../src/errors.ts";
import { validate } from "../../src/gate.ts";
import { Tree } from "../../src/tree.ts";
import { arbitraryTree } from "../support/arbitrary-tree.ts";
import { listing } from "../support/listing.ts";

test("any tree comes back from its dump", async () => {
	await fc.assert(
		fc.asyncProperty(arbitraryTree(), async (tree) => {
			expect(listing(await parseDump(formatDump(tree)))).toEqual(listing(tree));
		}),
		{ numRuns: 200 },
	);
});

test("a dump is the same however it is cut", async () => {
	const cuts = fc.array(fc.nat(), { maxLength: 10 });
	await fc.assert(
		fc.asyncProperty(arbitraryTree(), cuts, async (tree, places) => {
			const text = Buffer.from(formatDump(tree));
			const sorted = [0, ...places.map((place) => place % text.length).sort((a, b) => a - b), text.length];
			const pieces = sorted.slice(1).map((end, i) => text.subarray(sorted[i], end));
			expect(formatDump(await parseDump(pieces))).toBe(text.toString());
		}),
	);
});

const EVERY_KIND = [
	"/ 4096 40755 3 0 0 0 0.0 - - - user.a=1",
	"/\\xc3\\xa9 27 40755 2 1 2 0 -1.5 - - -",
	"/b\u00e9 2 100644 2 0 0 0 0.0 - h\\n -",
	"/c 0 20000 1 0 0 0 0.0 - - -",
	`/d 5 100644 1 0 0 0 0.0 ab/cd - ${"0a".repeat(32)} user.a=b=c user.b=`,
	"/l 2 @100644 2 0 0 0 0.0 /b\u00e9 - -",
	"/s 2 120777 1 0 0 0 0.0 to - -",
].join("\n");

test("a dump is the same cut in two at any place", async () => {
	const text = Buffer.from(EVERY_KIND);
	const whole = listing(await parseDump(text));
	for (let at = 0; at <= text.length; at++)
		expect(listing(await parseDump([text.subarray(0, at), text.subarray(at)]))).toEqual(whole);
});

test("a dump is the same byte by byte", async () => {
	const bytes = Array.from(Buffer.from(EVERY_KIND), (byte) => Uint8Array.of(byte));
	expect(listing(await parseDump(bytes))).toEqual(listing(await parseDump(EVERY_KIND)));
});

/** Damages a text in one to three places, with what means something in a dump. */
const damage = fc.array(
	fc.record({
		at: fc.nat(),
		remove: fc.nat({ max: 4 }),
		insert: fc.constantFrom(..." \n\r\0\\@-=/.09x", "\\x00", "-1", "99999999999999999999", "@120777", "/.."),
	}),
	{ minLength: 1, maxLength: 3 },
);

function damaged(text: string, changes: Iterable<{ at: number; remove: number; insert: string }>): string {
	let result = text;
	for (const { at, remove, insert } of changes) {
		const place = at % (result.length + 1);
		result = result.slice(0, place) + insert + result.slice(place + remove);
	}
	return result;
}

test("a damaged dump gives a tree that keeps the rules, or an error that names the line", async () => {
	const attempts = fc.array(damage, { minLength: 8, maxLength: 8 });
	await fc.assert(
		fc.asyncProperty(arbitraryTree(), attempts, async (tree, damages) => {
			const text = formatDump(tree);
			for (const changes of damages)
				expectTreeOrError(await parseDump(damaged(text, changes)).catch((error) => error));
		}),
		{ numRuns: 200 },
	);
});

function expectTreeOrError(result: unknown): void {
	if (!(result instanceof Tree)) {
		expect(result).toBeInstanceOf(ComposefsError);
		expect(result).toMatchObject({ code: "ERR_COMPOSEFS_DUMP", line: expect.any(Number) });
		return;
	}
	// A dump may give a whiteout two names, which only an image cannot have.
	for (const { rule } of validate(result)) expect(rule).toBe("whiteout-linked");
}
