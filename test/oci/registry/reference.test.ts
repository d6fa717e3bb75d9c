import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { formatReference, isRegistry, parseReference } from "../../../src/oci/registry/reference.ts";

const SHA256 = `sha256:${"0a".repeat(32)}`;
const SHA512 = `sha512:${"0a".repeat(64)}`;

describe("references", () => {
	test.each([
		["debian", "docker.io", "library/debian", "latest", undefined],
		["debian:12", "docker.io", "library/debian", "12", undefined],
		["docker.io/debian", "docker.io", "library/debian", "latest", undefined],
		["index.docker.io/debian", "docker.io", "library/debian", "latest", undefined],
		["someone/thing", "docker.io", "someone/thing", "latest", undefined],
		["localhost/thing", "localhost", "thing", "latest", undefined],
		["localhost:5000/a/b/c:v1", "localhost:5000", "a/b/c", "v1", undefined],
		["host.example/x", "host.example", "x", "latest", undefined],
		["HOST/x", "HOST", "x", "latest", undefined],
		["[::1]:5000/x:y", "[::1]:5000", "x", "y", undefined],
		["127.0.0.1:1/x__y/a-b--c.d_e", "127.0.0.1:1", "x__y/a-b--c.d_e", "latest", undefined],
		[`debian@${SHA256}`, "docker.io", "library/debian", undefined, SHA256],
		[`h:5/debian:12@${SHA512}`, "h:5", "debian", "12", SHA512],
		[`x:${"t".repeat(128)}`, "docker.io", "library/x", "t".repeat(128), undefined],
	])("%s", (text, registry, repository, tag, digest) => {
		const parsed = parseReference(text);
		expect(parsed).toEqual({ registry, repository, ...(tag && { tag }), ...(digest && { digest }) });
		expect(parseReference(formatReference(parsed))).toEqual(parsed);
	});

	test.each([
		["", "empty"],
		["Debian", "repository"],
		["a//b", "repository"],
		["/a", "repository"],
		["a/", "repository"],
		["a/../b", "repository"],
		["host.example/", "repository"],
		["a_-b", "repository"],
		["a___b", "repository"],
		["é", "repository"],
		["a b", "repository"],
		["a\n", "repository"],
		["0a".repeat(32), "repository"],
		["-host.example/x", "registry"],
		["host.example:99999/x", "registry"],
		["host.example:/x", "registry"],
		["host.example:5:5/x", "registry"],
		["user@host.example/x", "digest"],
		["https://host.example/x", "registry"],
		["a:", "tag"],
		["a:-x", "tag"],
		["a:b:c", "repository"],
		[`a:${"t".repeat(129)}`, "tag"],
		["a@", "digest"],
		["a@sha256:00", "digest"],
		[`a@${SHA256.toUpperCase()}`, "digest"],
		[`a@md5:${"0".repeat(32)}`, "digest"],
		[`a@${SHA256}@${SHA256}`, "digest"],
		["x".repeat(256), "repository-length"],
		["x".repeat(2000), "reference-length"],
	])("%j is none: %s", (text, rule) => {
		expect(() => parseReference(text)).toThrow(
			expect.objectContaining({ code: "ERR_COMPOSEFS_REFERENCE", rule }),
		);
	});

	test("any text is a reference, or one clear error, at once", () => {
		const part = fc.constantFrom("a", "-", "_", ".", "/", ":", "@", "A", "é", "\0", "sha256:", "0", "[", "]");
		fc.assert(
			fc.property(
				fc.oneof(
					fc.string(),
					fc.array(part, { maxLength: 200 }).map((parts) => parts.join("")),
				),
				(text) => {
					try {
						const parsed = parseReference(text);
						expect(parseReference(formatReference(parsed))).toEqual(parsed);
						expect(isRegistry(parsed.registry)).toBe(true);
					} catch (error) {
						expect(error).toMatchObject({ code: "ERR_COMPOSEFS_REFERENCE" });
					}
				},
			),
			{ numRuns: 2000 },
		);
	});

	test("what is no text", () => {
		expect(() => parseReference(undefined as never)).toThrow(/names no image/);
	});
});
