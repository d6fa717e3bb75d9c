import { gzipSync } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import { decompress } from "../src/decompress.ts";
import { countTurns } from "./support/event-loop.ts";

async function outcome(source: Iterable<Uint8Array>, options?: { readonly limit: number }): Promise<string> {
	try {
		for await (const _ of decompress(source, options));
		return "ok";
	} catch (error) {
		const { code, rule } = error as { code?: string; rule?: string };
		return `${code} ${rule}`;
	}
}

/** A frame that says: so many times this byte. A few bytes for 128 KiB each. */
function bomb(blocks: number): Buffer {
	const head = Buffer.alloc(4);
	const list = Array.from({ length: blocks }, (_, index) => {
		head.writeUIntLE((131072 << 3) | (1 << 1) | (index === blocks - 1 ? 1 : 0), 0, 3);
		return Buffer.from(head);
	});
	return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 7 << 3]), ...list]);
}

describe("bombs", () => {
	test("of gzip stop at the limit, with little read", async () => {
		const member = gzipSync(Buffer.alloc(50_000_000));
		let given = 0;
		const source = function* () {
			for (;;) {
				given++;
				yield member;
			}
		};
		expect(await outcome(source(), { limit: 100_000_000 })).toBe("ERR_COMPOSEFS_BLOB output-limit");
		expect(given).toBeLessThan(60);
	});

	test("of zstd stop at the limit", async () => {
		const bytes = bomb(100_000); // 12 GiB
		expect(await outcome([bytes], { limit: 20_000_000 })).toBe("ERR_COMPOSEFS_BLOB output-limit");
	});

	test("of zstd do not stall the event loop", async () => {
		const turns = await countTurns(() => outcome([bomb(100_000)], { limit: 400_000_000 }));
		expect(turns).toBeGreaterThan(5);
	});

	test("of zstd windows are refused", async () => {
		// A window of 2^31 bytes, and one of 2^28 by the content's size.
		for (const head of [
			[0, 21 << 3],
			[0xa0, 1, 0, 0, 0x10],
		])
			expect(await outcome([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, ...head, 1, 0, 0])])).toBe(
				"ERR_COMPOSEFS_BLOB zstd-window",
			);
	});
});
