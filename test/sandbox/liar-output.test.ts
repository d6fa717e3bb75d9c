import { describe, expect, test } from "@jest/globals";
import { computeDigest } from "../../src/digest.ts";
import { formatDump } from "../../src/dump/format.ts";
import { Tree } from "../../src/tree.ts";
import { answering, refused, useLiars } from "../support/liar.ts";

const sandboxOf = useLiars();
const dump = formatDump(new Tree());

describe("what a worker does to its files", () => {
	test.each([
		["rewrites", "fs.writeSync(OUTPUT, noise, 0, noise.length, 0)"],
		[
			"cuts off and fills up",
			"fs.ftruncateSync(OUTPUT, 10); fs.writeSync(OUTPUT, noise, 0, noise.length, 0)",
		],
		["grows", "fs.ftruncateSync(OUTPUT, 2 ** 40 - Math.round(Math.random() * 1e9))"],
	])("%s them while they are read: the digest is that of the bytes that came", async (_what, lie) => {
		const program = answering(`
			const noise = require("node:crypto").randomBytes(1 << 22);
			say({ id, parts: put(Buffer.alloc(1 << 24, "i"), none) });
			for (const end = Date.now() + 300; Date.now() < end; ) { ${lie}; }
			fs.ftruncateSync(OUTPUT, 0);`);
		const sandbox = await sandboxOf(program, { timeout: 5000 });
		for (let round = 0; round < 3; round++) {
			const fate = await sandbox.writeImage({ dump }).catch((reason) => reason);
			if (fate instanceof Error) expect(fate).toMatchObject(refused);
			else expect(await computeDigest(fate.image)).toBe(fate.digest);
		}
	});

	test("grows its input: the next request's is whole", async () => {
		const program = answering(`
			const bytes = Buffer.alloc(size);
			fs.readSync(INPUT, bytes, 0, size, 0);
			fs.writeSync(INPUT, Buffer.alloc(1 << 16, "x"), 0, 1 << 16, 0);
			const whole = fs.fstatSync(INPUT).size === 1 << 16 && bytes.toString() === ${JSON.stringify(dump)};
			say({ id, parts: put(Buffer.alloc(32, whole ? 1 : 0), none) });`);
		const sandbox = await sandboxOf(program);
		for (let round = 0; round < 5; round++) expect((await sandbox.writeImage({ dump })).image[0]).toBe(1);
	});

	test("says that there is much, of which nothing is: no more than it may be is taken", async () => {
		const program = answering("fs.ftruncateSync(OUTPUT, 2 ** 27); say({ id, parts: [2 ** 27, 0] })");
		const sandbox = await sandboxOf(program);
		expect((await sandbox.writeImage({ dump })).size).toBe(2 ** 27);
	});
});

/** The longest that this process has done nothing else. */
async function heldUp(work: Promise<unknown>): Promise<number> {
	let longest = 0;
	let last = performance.now();
	const timer = setInterval(() => {
		const now = performance.now();
		longest = Math.max(longest, now - last);
		last = now;
	}, 1);
	await work.catch(() => undefined);
	await new Promise((resolve) => setTimeout(resolve, 2));
	clearInterval(timer);
	return longest;
}

describe("a worker that", () => {
	test("writes its frame byte by byte is heard, and holds up nothing", async () => {
		const text = "{}".padEnd(65_000);
		const lie = `
			const frame = encodeFrame({ id, parts: put(image, none), text: ${JSON.stringify(text)} });
			for (let at = 0; at < frame.length; at++) raw(frame.subarray(at, at + 1));`;
		const sandbox = await sandboxOf(answering(lie));
		const work = sandbox.writeImage({ dump });
		expect(await heldUp(work)).toBeLessThan(500);
		expect((await work).size).toBe(16384);
	}, 30_000);
});
