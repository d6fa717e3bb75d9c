/** Dumps that come in pieces, from sources of all kinds. */
import { describe, expect, jest, test } from "@jest/globals";
import { formatDump } from "../../src/dump/format.ts";
import { parseDump } from "../../src/dump/parse.ts";
import { countTurns } from "../support/event-loop.ts";
import { expectGivenUp } from "../support/stuck.ts";

const ROOT = "/ 4096 40755 2 0 0 0 0.0 - - -\n";

describe("a source", () => {
	test("bug: a source that waits for ever was not given up when the signal aborted", async () => {
		await expectGivenUp([ROOT], (source, signal) => parseDump(source, { signal }));
	});

	test("a source is closed when its dump is refused", async () => {
		let closed = false;
		function* source() {
			try {
				for (;;) yield "x\n";
			} finally {
				closed = true;
			}
		}
		await expect(parseDump(source())).rejects.toMatchObject({ line: 1 });
		expect(closed).toBe(true);
	});

	test("a source may use its memory again", async () => {
		const memory = Buffer.alloc(7);
		const text = Buffer.from(`${ROOT}/x 2 100644 1 0 0 0 0.0 - hi -\n`);
		async function* source() {
			for (let at = 0; at < text.length; at += memory.length) {
				yield memory.subarray(0, text.copy(memory, 0, at));
				memory.fill(0);
			}
		}
		expect(formatDump(await parseDump(source()))).toBe(formatDump(await parseDump(text)));
	});

	test("an error of the source comes through", async () => {
		const failure = new Error("broken pipe");
		async function* source() {
			yield ROOT;
			throw failure;
		}
		await expect(parseDump(source())).rejects.toBe(failure);
	});
});

describe("bug: a long line that came byte by byte", () => {
	const line = Buffer.from(`${ROOT}/${"x".repeat(200_000)} 0 10644 1 0 0 0 0.0\n`);
	const parse = () => parseDump(Array.from(line, (byte) => Uint8Array.of(byte))).catch(() => undefined);

	test("was copied for each of them", async () => {
		const copies = jest.spyOn(Buffer, "concat");
		await parse();
		const count = copies.mock.calls.length;
		copies.mockRestore();
		// Once for the line, and perhaps for what follows it.
		expect(count).toBeLessThan(4);
	});

	test("held the event loop", async () => {
		expect(await countTurns(parse)).toBeGreaterThan(5);
	});
});
