/** Layers of real images: their bytes, and what is in them. */
import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "@jest/globals";
import { decompress } from "../../src/decompress.ts";
import { describeIf, sharedFolder } from "../support/needs.ts";
import { type ReadEntry, readArchive } from "../support/read-archive.ts";

const IMAGES = ["base", "zstd-chunked", "zstd-chunked-old", "estargz", "hard-cases"];
/** skopeo expands a sparse file in it, but leaves the headers that say it is sparse: no reader of archives takes it. */
const BROKEN = "sha256:706dd3db6e4a7e3335982f1f29d2c3d79f9a636a0ca1daf3e8c85daa47a1aef6";

interface Layer {
	readonly file: string;
	readonly diffId: string;
}

function layersOf(folder: string): Layer[] {
	const blob = (digest: string) => path.join(folder, "blobs", digest.replace(":", "/"));
	const json = (file: string) => JSON.parse(readFileSync(file, "utf8"));
	const { manifests } = json(path.join(folder, "index.json"));
	const manifest = json(blob(manifests.at(-1).digest));
	const { diff_ids } = json(blob(manifest.config.digest)).rootfs;
	return manifest.layers.map(({ digest }: { digest: string }, index: number) => ({
		file: blob(digest),
		diffId: diff_ids[index],
	}));
}

/** A layer's entries, and the digest of its uncompressed bytes. */
async function readLayer({ file }: Layer): Promise<{ entries: ReadEntry[]; diffId: string }> {
	const hash = createHash("sha256");
	const bytes = async function* () {
		for await (const piece of decompress(createReadStream(file))) {
			hash.update(piece);
			yield piece;
		}
	};
	const entries = await readArchive(bytes());
	return { entries, diffId: `sha256:${hash.digest("hex")}` };
}

describeIf("real images", sharedFolder, "no folder of further inputs", (shared) => {
	describe.each(IMAGES)("%s", (name) => {
		test("its layers are read, and have the digests that its configuration has", async () => {
			for (const layer of layersOf(path.join(shared, "images", name))) {
				if (name.startsWith("zstd-chunked") && layer.diffId === BROKEN) continue;
				const { entries, diffId } = await readLayer(layer);
				expect(diffId).toBe(layer.diffId);
				expect(entries.length).toBeGreaterThan(0);
			}
		});
	});

	test("a sparse file that was expanded under its old headers is refused, at their offset", async () => {
		const [layer] = layersOf(path.join(shared, "images/hard-cases-zstd-chunked"));
		await expect(readLayer(layer as Layer)).rejects.toMatchObject({ rule: "sparse-map", offset: 153_600 });
	});

	test("hard cases", async () => {
		const [layer] = layersOf(path.join(shared, "images/hard-cases"));
		const { entries } = await readLayer(layer as Layer);
		const found = new Map(entries.map((entry) => [entry.name.replace("./opt/nasty/", ""), entry]));
		const value = (name: string, xattr: string) => Buffer.from(found.get(name)?.xattrs?.get(xattr) ?? []);
		expect(entries).toHaveLength(58);
		expect(found.get("bigids")).toMatchObject({ uid: 3_000_000_000, gid: 2 ** 31 });
		expect(found.get("neg")?.mtimeNs).toBe(-315_619_199_876_543_211n);
		expect(found.get("far")?.mtimeNs).toBe(10_413_792_000_999_999_999n);
		expect(found.get("bigdev")?.rdev).toEqual({ major: 4095, minor: 1048575 });
		expect(found.get("symlink-nonutf8")?.linkName).toBe("target-\udce9\udcff");
		expect(found.get("symlink-4001")?.linkName).toHaveLength(4001);
		expect(found.get("hl-\udce9")).toMatchObject({ type: "hardlink", linkName: "./opt/nasty/hl-a" });
		expect(found.get('new\nline\ttab\\back"quote')?.type).toBe("file");
		expect(found.get("sparse-many")).toMatchObject({ size: 19_599_360, holes: 19_599_360 - 300 * 4096 });
		expect(found.get("suid")?.mode).toBe(0o6755);
		expect([...(found.get("xattrs")?.xattrs?.keys() ?? [])]).toEqual(
			expect.arrayContaining(["user.empty", "user.n\udce9me", "user.with=equals", "trusted.overlay.opaque"]),
		);
		expect(value("xattrs", "user.big")).toHaveLength(3000);
		expect(value("cap", "security.capability")).toHaveLength(20);
		expect(value("acl", "system.posix_acl_access").readUInt32LE(0)).toBe(2);
	});
});
