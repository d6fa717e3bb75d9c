import { createHash } from "node:crypto";
import { expect, test } from "@jest/globals";
import { Digester, parseDigest } from "../../src/oci/digest.ts";

const hex = "0123456789abcdef".repeat(4);

test("the two registered algorithms are taken", () => {
	expect(parseDigest(`sha256:${hex}`)).toEqual({ algorithm: "sha256", hex });
	expect(parseDigest(`sha512:${hex}${hex}`)).toEqual({ algorithm: "sha512", hex: hex + hex });
});

test.each([
	"",
	hex,
	`sha256:${hex.toUpperCase()}`,
	`sha256:${hex.slice(1)}`,
	`sha256:${hex}0`,
	`sha256:${hex}\n`,
	`sha512:${hex}`,
	`md5:${hex}`,
	`sha256:../../${hex.slice(6)}`,
	`SHA256:${hex}`,
])("%j is no digest", (text) => {
	expect(() => parseDigest(text)).toThrow(
		expect.objectContaining({ code: "ERR_COMPOSEFS_OCI", rule: "digest" }),
	);
});

test.each(["sha256", "sha512"] as const)("%s of bytes in pieces", (algorithm) => {
	const digester = new Digester(algorithm);
	digester.update(Buffer.from("ab"));
	digester.update(Buffer.from("c"));
	const expected = createHash(algorithm).update("abc").digest("hex");
	expect(digester.finish()).toBe(`${algorithm}:${expected}`);
});
