import { spawnSync } from "node:child_process";
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import { openArchive } from "../../src/oci/archive.ts";
import { OciLayout } from "../../src/oci/layout.ts";
import { pullImage } from "../../src/oci/pull.ts";
import { lines } from "../support/layers.ts";
import { MemoryLayout, tagged } from "../support/layouts.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { type PlainEntry, plainTar } from "../support/plain-tar.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const temporary = useTemporaryFolder();
const layer = { bytes: plainTar("a/", { name: "a/b", content: "text" }) };

function archive(layout: MemoryLayout, ...more: PlainEntry[]): string {
	const entries = Array.from(layout.files, ([name, content]) => ({ name, content }));
	writeFileSync(temporary("archive.tar"), plainTar(...entries, ...more));
	return temporary("archive.tar");
}

describe("an image layout in an archive", () => {
	test("gives its images", async () => {
		const layout = new MemoryLayout();
		layout.tag(tagged(layout.image([layer]), "one"));
		const opened = await openArchive(archive(layout));
		expect(opened).toBeInstanceOf(OciLayout);
		expect(lines(await pullImage(await opened.resolve("one"), { store: new MemoryStore() }))).toEqual([
			"a/",
			"a/b: text",
		]);
	});

	test("its files have their sizes, and can be read in ranges", async () => {
		const layout = new MemoryLayout();
		layout.tag(layout.image([layer]));
		const { layers } = await (await openArchive(archive(layout))).resolve();
		const blob = layers[0]?.blob;
		expect(await blob?.size()).toBe(layer.bytes.length);
		const pieces: Uint8Array[] = [];
		for await (const piece of blob?.read({ range: { start: 100, end: 1 << 30 } }) ?? []) pieces.push(piece);
		expect(Buffer.concat(pieces)).toEqual(layer.bytes.subarray(100));
	});

	test("that lacks a blob says so", async () => {
		const layout = new MemoryLayout();
		const entry = layout.image([layer]);
		layout.tag(entry).files.delete(`blobs/${entry.digest.replace(":", "/")}`);
		await expect((await openArchive(archive(layout))).resolve()).rejects.toMatchObject({ code: "ENOENT" });
	});
});

describe("links in an archive", () => {
	const withIndex = (...more: PlainEntry[]) => {
		const layout = new MemoryLayout();
		const entry = layout.image([layer]);
		const index = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
		return openArchive(archive(layout, { name: "x/real.json", content: index }, ...more));
	};

	test.each<[string, PlainEntry[]]>([
		["symlinks", [{ name: "index.json", linkName: "./x/../x/real.json" }]],
		[
			"symlinks of symlinks",
			[
				{ name: "index.json", linkName: "x/two" },
				{ name: "x/two", linkName: "/x/real.json" },
			],
		],
		["hard links", [{ name: "index.json", type: "hardlink", linkName: "./x/real.json" }]],
	])("%s lead to files in it", async (_title, more) => {
		expect((await (await withIndex(...more)).resolve()).layers).toHaveLength(1);
	});

	test.each<[string, PlainEntry]>([
		["to themselves", { name: "index.json", linkName: "index.json" }],
		["out of it", { name: "index.json", linkName: "../../../../etc/passwd" }],
		["to nothing", { name: "index.json", linkName: "nothing" }],
	])("%s lead nowhere", async (_title, more) => {
		await expect(withIndex(more)).rejects.toMatchObject({ code: "ENOENT" });
	});
});

describe("refused", () => {
	test("bug: a blob that is sparse in the archive was said to be too short", async () => {
		const layout = new MemoryLayout();
		const padded = { bytes: Buffer.concat([layer.bytes, Buffer.alloc(1 << 20)]) };
		layout.tag(layout.image([padded]));
		for (const [name, content] of layout.files) {
			mkdirSync(path.dirname(temporary("layout", name)), { recursive: true });
			const end = content.length === padded.bytes.length ? layer.bytes.length : content.length;
			writeFileSync(temporary("layout", name), content.subarray(0, end));
			truncateSync(temporary("layout", name), content.length);
		}
		for (const format of ["gnu", "posix"]) {
			const args = ["--format", format, "-S", "-cf", temporary("a.tar"), "-C", temporary("layout"), "."];
			expect(spawnSync("tar", args).status).toBe(0);
			const { layers } = await (await openArchive(temporary("a.tar"))).resolve();
			await expect(layers[0]?.blob.size()).rejects.toMatchObject({ rule: "archive-sparse" });
		}
	});

	test("a compressed archive", async () => {
		writeFileSync(temporary("a.tgz"), gzipSync(plainTar("a")));
		await expect(openArchive(temporary("a.tgz"))).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_OCI",
			rule: "archive-compressed",
		});
	});

	test("an archive of something else, an empty one, and no archive", async () => {
		for (const content of [plainTar("a"), ""]) {
			writeFileSync(temporary("a"), content);
			await expect(openArchive(temporary("a"))).rejects.toMatchObject({
				code: "ENOENT",
				path: temporary("a"),
				message: expect.stringContaining("is no archive of an image"),
			});
		}
		writeFileSync(temporary("c"), "no tar".repeat(1000));
		await expect(openArchive(temporary("c"))).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_TAR",
			path: temporary("c"),
			message: expect.stringContaining(temporary("c")),
		});
		await expect(openArchive(temporary("none"))).rejects.toMatchObject({ code: "ENOENT" });
	});

	test("a name that leads out of it", async () => {
		writeFileSync(temporary("a"), plainTar("../oci-layout"));
		await expect(openArchive(temporary("a"))).rejects.toMatchObject({ rule: "entry-name" });
	});

	test("with its signal", async () => {
		writeFileSync(temporary("a"), plainTar("a"));
		const signal = AbortSignal.abort(new Error("enough"));
		await expect(openArchive(temporary("a"), { signal })).rejects.toThrow("enough");
	});
});
