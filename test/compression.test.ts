import { gzipSync } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import { compressionOf } from "../src/compression.ts";

describe("compressionOf", () => {
	const skippable = (low: number) => Buffer.from([0x50 + low, 0x2a, 0x4d, 0x18]);

	test("tells gzip, zstd and zstd's skippable frames", () => {
		expect(compressionOf(gzipSync("text"))).toBe("gzip");
		expect(compressionOf(Buffer.from("28b52ffd", "hex"))).toBe("zstd");
		for (let low = 0; low < 16; low++) expect(compressionOf(skippable(low))).toBe("zstd");
	});

	test("looks at the bytes of a view alone", () => {
		const bytes = Buffer.concat([Buffer.from("1f8b", "hex"), skippable(3)]);
		expect(compressionOf(bytes.subarray(2))).toBe("zstd");
		expect(compressionOf(bytes.subarray(0, 1))).toBeUndefined();
	});

	test.each(["", "1f", "28b52f", "28b52ffe", "602a4d18", "4f2a4d18"])("takes %s for neither", (hex) => {
		expect(compressionOf(Buffer.from(hex, "hex"))).toBeUndefined();
	});
});
