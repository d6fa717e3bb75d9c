import { execFileSync } from "node:child_process";
import { lstatSync, readFileSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "@jest/globals";
import { readImage } from "../../src/image/read.ts";
import type { ExternalFile, Inode } from "../../src/inode.ts";
import { nameToBytes } from "../../src/names.ts";
import { openArchive } from "../../src/oci/archive.ts";
import type { ImageProvider } from "../../src/oci/image.ts";
import { openLayout, readLayout } from "../../src/oci/layout.ts";
import { pullImage } from "../../src/oci/pull.ts";
import { ObjectStore } from "../../src/store/store.ts";
import type { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { MemoryLayout } from "../support/layouts.ts";
import { listing } from "../support/listing.ts";
import { describeIf, findProgram, sharedFolder } from "../support/needs.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const temporary = useTemporaryFolder();

/** Layers as a whole, whether they have a table of contents or not. */
async function pull(source: ImageProvider, tag?: string): Promise<Tree> {
	await using store = await ObjectStore.open(temporary("store"), { sync: "never" });
	const tree = await pullImage(await source.resolve(tag), { store, partial: false });
	expect(await store.missing(tree)).toEqual([]);
	return tree;
}

const digestOf = async (tree: Tree) => (await writeImage(tree, { digestOnly: true })).digest;

describeIf("one image in several forms", sharedFolder, "no folder of further inputs", (shared) => {
	const layout = (name: string) => openLayout(path.join(shared, "images", name));

	test("gzip and zstd:chunked have one digest", async () => {
		const gzip = await digestOf(await pull(await layout("base"), "l4"));
		expect(await digestOf(await pull(await layout("zstd-chunked-old"), "l4"))).toBe(gzip);
	});

	test("eStargz has its own files besides", async () => {
		const [tree, base] = [await pull(await layout("estargz"), "l4"), await pull(await layout("base"), "l4")];
		const own = new Set(["/stargz.index.json", "/.no.prefetch.landmark", "/.prefetch.landmark"]);
		const names = (one: Tree) =>
			Array.from(one.walk(), (entry) => entry.path).filter((name) => !own.has(name));
		expect(names(tree)).toEqual(names(base));
	});

	test("names that are no UTF-8, and all the other hard cases, come through", async () => {
		const tree = await pull(await layout("hard-cases"), "n1");
		const all = Array.from(tree.walk(), ({ inode }) => inode);
		const names = Array.from(tree.walk(), (entry) => entry.path);
		expect(names.filter((name) => !name.isWellFormed()).length).toBeGreaterThan(3);
		expect(all.some(({ uid }) => uid === 3_000_000_000)).toBe(true);
		expect(all.some(({ xattrs }) => xattrs?.has("security.capability"))).toBe(true);
		expect(all.some(({ xattrs }) => xattrs?.has("system.posix_acl_access"))).toBe(true);
		expect(all.some(({ mtimeNs }) => mtimeNs > 10_000_000_000_000_000_000n)).toBe(true);
	});

	// What skopeo wrote for a GNU sparse file is not the tar that the diff_id is of: only its table of contents has it.
	test("a zstd:chunked layer that is not its tar is refused", async () => {
		await expect(layout("zstd-chunked").then((source) => pull(source, "l5"))).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_TAR",
		});
	});

	describeIf("as skopeo writes it", findProgram("skopeo"), "no skopeo", (skopeo) => {
		const copy = (target: string, ...options: string[]) =>
			execFileSync(skopeo, [
				"--insecure-policy",
				"copy",
				"-q",
				...options,
				`oci:${shared}/images/base:l5`,
				target,
			]);

		test("docker-archive, oci-archive and zstd have the digest of the layout", async () => {
			const expected = await digestOf(await pull(await layout("base"), "l5"));
			copy(`docker-archive:${temporary("docker.tar")}:example/base:l5`);
			const docker = await openArchive(temporary("docker.tar"));
			expect(await digestOf(await pull(docker, "docker.io/example/base:l5"))).toBe(expected);
			copy(`oci-archive:${temporary("oci.tar")}:l5`);
			expect(await digestOf(await pull(await openArchive(temporary("oci.tar")), "l5"))).toBe(expected);
			copy(`oci:${temporary("zstd")}:l5`, "--dest-compress-format", "zstd");
			expect(await digestOf(await pull(await openLayout(temporary("zstd")), "l5"))).toBe(expected);
		});
	});
});

const umoci = findProgram("umoci");
const mkcomposefs = findProgram("mkcomposefs");
const asRoot = process.getuid?.() === 0;
const needed =
	umoci && mkcomposefs && asRoot && sharedFolder ? { umoci, mkcomposefs, shared: sharedFolder } : undefined;

describeIf("an image as umoci unpacks it", needed, "umoci, mkcomposefs, root or inputs missing", (found) => {
	test.each([
		["base", "l5"],
		["base", "l2"],
	])("%s:%s, mkcomposefs's tree of it is ours", async (name, tag) => {
		const image = path.join(found.shared, "images", name);
		execFileSync(found.umoci, ["raw", "unpack", "--image", `${image}:${tag}`, temporary("root")], {
			stdio: "pipe",
		});
		execFileSync(found.mkcomposefs, [temporary("root"), temporary("image")]);
		const ours = await pull(await openLayout(image), tag);
		const theirs = await readImage(temporary("image"));
		expect(comparable(ours)).toEqual(comparable(theirs));
		expectLinks(ours, temporary("root"));
	});
});

/**
 * Without links, and without what file systems and umoci do not keep: years beyond theirs, umoci's forbidden xattr, empty
 * ones, and an `=` in a name, which GNU tar writes as `%3D`.
 */
function comparable(tree: Tree): unknown[] {
	return listing(tree).map(({ number: _number, ...fields }) => ({
		...fields,
		mtimeNs: Math.abs(Number(fields.mtimeNs)) > 2e18 ? "far" : fields.mtimeNs,
		xattrs: (fields.xattrs as string[])
			.filter((text) => !text.startsWith('"trusted.overlay.') && !text.endsWith('"='))
			.map((text) => text.replace("%3D", "=")),
	}));
}

/** Hard links are in the folder what they are in the tree: mkcomposefs makes files of them. */
function expectLinks(tree: Tree, root: string): void {
	const numbers = new Map<Inode, number>();
	let links = 0;
	for (const { path: name, inode } of tree.walk()) {
		const place = Buffer.concat([Buffer.from(root), nameToBytes(name)]);
		const first = numbers.get(inode);
		if (first === undefined) numbers.set(inode, lstatSync(place).ino);
		else expect(lstatSync(place).ino).toBe(first);
		if (first !== undefined) links++;
	}
	expect(links).toBeGreaterThan(0);
}

describeIf("a layer that is mostly a hole", findProgram("tar"), "no tar", (tar) => {
	test("of 8 GiB takes little time, memory and room", async () => {
		execFileSync("truncate", ["-s", "8G", temporary("sparse")]);
		const file = await open(temporary("sparse"), "r+");
		await file.write("here", 2 ** 32);
		await file.write("end", 2 ** 33 - 3);
		await file.close();
		execFileSync(tar, ["-C", temporary(), "--format=pax", "-S", "-cf", temporary("layer.tar"), "sparse"]);
		const bytes = readFileSync(temporary("layer.tar"));
		expect(bytes.length).toBeLessThan(1 << 20);
		const layout = new MemoryLayout();
		layout.tag(layout.image([{ bytes }]));
		const before = process.memoryUsage.rss();
		const tree = await pull(await readLayout(layout));
		expect(tree.get("sparse")).toMatchObject({
			size: 2 ** 33,
			digest: expect.stringMatching(/^[0-9a-f]{64}$/),
		});
		expect(process.memoryUsage.rss() - before).toBeLessThan(100 << 20);
		const { path: object } = tree.get("sparse") as ExternalFile;
		expect(statSync(temporary("store", object ?? "")).blocks * 512).toBeLessThan(1 << 20);
	});
});
