/** Layers as skopeo and crane write them, against the tars that they were made from. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "@jest/globals";
import { type BlobSource, fileBlob } from "../../src/blob.ts";
import { decompress } from "../../src/decompress.ts";
import type { LayerEntry } from "../../src/oci/layer.ts";
import { readTar, type TarEntry } from "../../src/tar/index.ts";
import { type LayerToc, readToc, type TocFile } from "../../src/toc/index.ts";
import { describeIf, sharedFolder } from "../support/needs.ts";

interface Layer {
	readonly blob: BlobSource;
	readonly annotations: ReadonlyMap<string, string>;
}

const folder = sharedFolder === undefined ? undefined : path.join(sharedFolder, "images");

function layersOf(image: string): Layer[] {
	const place = path.join(folder as string, image);
	const blob = (digest: string) => path.join(place, "blobs", digest.replace(":", "/"));
	const parse = (file: string) => JSON.parse(readFileSync(file, "utf8"));
	const { manifests } = parse(path.join(place, "index.json"));
	const newest = manifests.at(-1);
	return parse(blob(newest.digest)).layers.map(
		({ digest, annotations = {} }: { digest: string; annotations?: Record<string, string> }) => ({
			blob: fileBlob(blob(digest)),
			annotations: new Map(Object.entries(annotations)),
		}),
	);
}

/** What a tar says of a file, as plain values. */
async function fromTar({ blob }: Layer): Promise<Record<string, unknown>[]> {
	const listed: Record<string, unknown>[] = [];
	for await (const entry of readTar(decompress(blob.read()))) {
		listed.push({ ...plain(entry), sha256: entry.size > 0 ? await hashOf(entry) : undefined });
	}
	return listed;
}

function plain(entry: TarEntry): Record<string, unknown> {
	const { name, type, mode, uid, gid, mtimeNs, size, linkName, rdev, xattrs } = entry;
	if (type === "hardlink") return { name, linkName };
	const listed = { name, type, mode, uid, gid, mtimeNs, xattrs: listXattrs(xattrs) };
	if (type === "symlink") return { ...listed, linkName };
	if (type === "file") return { ...listed, size };
	return type.endsWith("device") ? { ...listed, rdev } : listed;
}

async function hashOf(entry: TarEntry): Promise<string> {
	const hash = createHash("sha256");
	for await (const chunk of entry.content())
		hash.update(chunk instanceof Uint8Array ? chunk : Buffer.alloc(chunk.hole));
	return hash.digest("hex");
}

function fromToc({ entries, files }: LayerToc): Record<string, unknown>[] {
	return entries.map((entry) => ({
		...plainEntry(entry),
		sha256: entry.inode && files.get(entry.inode)?.digest,
	}));
}

function plainEntry({ name, inode, linkName }: LayerEntry): Record<string, unknown> {
	if (inode === undefined) return { name, linkName };
	const { type, mode, uid, gid, mtimeNs, xattrs } = inode;
	const listed = { name, type, mode, uid, gid, mtimeNs, xattrs: listXattrs(xattrs) };
	if (type === "symlink") return { ...listed, linkName: inode.target };
	if (type === "file") return { ...listed, size: inode.content?.length ?? inode.size };
	return "rdev" in inode ? { ...listed, rdev: inode.rdev } : listed;
}

function listXattrs(xattrs: Map<string, Uint8Array> | undefined): string[] {
	return Array.from(xattrs ?? [], ([name, value]) => `${name}=${Buffer.from(value).toString("hex")}`).sort();
}

/** Reads a file's chunks out of the blob, each by itself. */
async function hashOfChunks(blob: BlobSource, { chunks, size }: TocFile): Promise<string> {
	const whole = createHash("sha256");
	let total = 0;
	for (const chunk of chunks) {
		expect(chunk.start).toBe(total);
		const bytes = chunk.range === undefined ? Buffer.alloc(chunk.size) : await contentOf(blob, chunk);
		expect(bytes.length).toBe(chunk.size);
		if (chunk.digest !== undefined)
			expect(createHash("sha256").update(bytes).digest("hex")).toBe(chunk.digest);
		whole.update(bytes);
		total += chunk.size;
	}
	expect(total).toBe(size);
	return whole.digest("hex");
}

async function contentOf(blob: BlobSource, { range, size }: TocFile["chunks"][number]): Promise<Buffer> {
	const pieces: Uint8Array[] = [];
	let length = 0;
	for await (const piece of decompress(blob.read({ range }))) {
		pieces.push(piece);
		length += piece.length;
		if (length >= size) break;
	}
	return Buffer.concat(pieces).subarray(0, size);
}

/** The image, and the layers whose tars its own are made of. */
const IMAGES = [
	["zstd-chunked", "base"],
	["zstd-chunked-old", "base"],
	["estargz", "base"],
	["hard-cases-zstd-chunked", "hard-cases"],
] as const;

describeIf("real layers", folder, "there is no folder of images", () => {
	test.each(IMAGES)("%s: each table says what the tar of %s says", async (image, original) => {
		const tars = layersOf(original);
		for (const [n, layer] of layersOf(image).entries()) {
			const toc = await readToc(layer.blob, layer);
			expect(toc?.isVouched).toBe(true);
			expect(fromToc(toc as LayerToc)).toEqual(await fromTar(tars[n] as Layer));
		}
	});

	test.each(IMAGES)("%s: the footer alone leads to the same", async (image, _original) => {
		for (const { blob, annotations } of layersOf(image)) {
			const byAnnotations = (await readToc(blob, { annotations })) as LayerToc;
			const byFooter = (await readToc(blob)) as LayerToc;
			expect(byFooter.isVouched).toBe(false);
			expect(fromToc(byFooter)).toEqual(fromToc(byAnnotations));
			expect([...byFooter.files.values()]).toEqual([...byAnnotations.files.values()]);
		}
	});

	test.each(IMAGES)("%s: the chunks of every file are where the table says", async (image, _original) => {
		const layers = layersOf(image).slice(1).concat(layersOf(image).slice(-1));
		for (const { blob, annotations } of layers) {
			const { files } = (await readToc(blob, { annotations })) as LayerToc;
			for (const file of files.values()) expect(await hashOfChunks(blob, file)).toBe(file.digest);
		}
	});

	test("names that are not UTF-8 keep their bytes", async () => {
		const [layer] = layersOf("hard-cases-zstd-chunked");
		const { entries } = (await readToc(layer?.blob as BlobSource, layer)) as LayerToc;
		const names = entries.map(({ name }) => name);
		expect(names).toContain("./opt/nasty/caf\udce9-latin1");
		expect(names.filter((name) => !name.isWellFormed())).toHaveLength(5);
		expect(names.join("")).not.toContain("\ufffd");
	});

	test("layers without a table have none", async () => {
		for (const { blob, annotations } of layersOf("base"))
			expect(await readToc(blob, { annotations })).toBeUndefined();
	});
});
