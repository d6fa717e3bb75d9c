import { gzipSync } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import { layTars } from "../../src/oci/tars.ts";
import { lines } from "../support/layers.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { plainTar } from "../support/plain-tar.ts";
import { archive, header, pax } from "../support/tar-writer.ts";

const lower = plainTar("a/", { name: "a/large", content: Buffer.alloc(1000, "x") }, "a/gone", "b");
const upper = plainTar(
	"a/.wh.gone",
	{ name: "c", linkName: "b" },
	{ name: "link", type: "hardlink", linkName: "b" },
);

/** Everything in it belongs to root, says GNU tar; Docker and containerd do not. */
const withGlobal = archive(pax([["uid", "0"]], "g"), header({ uid: 1000, mode: 0o4755 }));

describe("archives that are layers", () => {
	test("go over each other in their order, compressed or not", async () => {
		const store = new MemoryStore();
		const tree = await layTars([[lower], [gzipSync(upper)]], { store });
		expect(lines(tree).map((line) => line.replace(/:.*/, ""))).toEqual([
			"a/",
			"a/large",
			"b",
			"c -> b",
			"link = b",
		]);
		expect(tree.get("a/large")).toMatchObject({
			size: 1000,
			digest: expect.stringMatching(/^[0-9a-f]{64}$/),
		});
		expect([store.objects.size, store.flushes]).toEqual([1, 1]);
	});

	test("of none is an empty tree", async () => {
		expect(lines(await layTars([], { store: new MemoryStore() }))).toEqual([]);
	});

	test.each([
		["an archive without an end", [lower.subarray(0, -1024)], "ERR_COMPOSEFS_TAR", {}],
		["one that is cut", [gzipSync(lower).subarray(0, -20)], "ERR_COMPOSEFS_BLOB", {}],
		["one with a global pax header", [withGlobal], "ERR_COMPOSEFS_TAR", {}],
		["one that is too large", [lower], "ERR_COMPOSEFS_BLOB", { layerSize: 4000 }],
	])("refuse %s", async (_title, tar, code, limits) => {
		await expect(layTars([tar], { store: new MemoryStore(), limits })).rejects.toMatchObject({ code });
	});

	test("take a profile, and no other word", async () => {
		const store = new MemoryStore();
		await expect(layTars([[lower]], { store, profile: "oci" })).rejects.toMatchObject({ rule: "profile" });
		await expect(layTars([], { store, profile: "x" as never })).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_ARGUMENT",
		});
	});

	test("end with the signal", async () => {
		const signal = AbortSignal.abort(new Error("enough"));
		await expect(layTars([[lower]], { store: new MemoryStore(), signal })).rejects.toThrow("enough");
	});
});
