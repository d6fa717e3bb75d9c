import { describe, expect, test } from "@jest/globals";
import { caseVariantOf, foldKeys, KEYS, keyAt } from "../../src/toc/keys.ts";

describe("keys", () => {
	test("are found by their bytes, and nothing else is", () => {
		for (const [number, key] of KEYS.entries()) {
			expect(keyAt(Buffer.from(`"${key}"`), 1, key.length + 1)).toBe(number);
			expect(keyAt(Buffer.from(`${key}s`), 0, key.length + 1)).toBe(-1);
			expect(keyAt(Buffer.from(key.toUpperCase()), 0, key.length)).toBe(-1);
		}
		expect(keyAt(Buffer.from("a"), 0, 0)).toBe(-1);
	});

	test("have variants that differ in case, also by folding", () => {
		const folded = foldKeys(KEYS);
		expect(caseVariantOf("LINKNAME", folded)).toBe("linkName");
		expect(caseVariantOf("lin\u212aname", folded)).toBe("linkName");
		expect(caseVariantOf("\u017fize", folded)).toBe("size");
		expect(caseVariantOf("sizes", folded)).toBeUndefined();
	});
});
