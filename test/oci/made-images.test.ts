/** Images that are made here, as other tools see them: a base, and what was changed of it as a chunked layer. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { fileBlob } from "../../src/blob.ts";
import { copyTree } from "../../src/copy-tree.ts";
import { diff } from "../../src/diff.ts";
import { fromDirectory } from "../../src/directory/index.ts";
import { MEDIA_TYPES } from "../../src/media-types.ts";
import { copyImage } from "../../src/oci/copy/copy.ts";
import { LayoutDestination } from "../../src/oci/copy/layout-destination.ts";
import { diffLayer } from "../../src/oci/diff-layer.ts";
import type { ResolvedImage } from "../../src/oci/image.ts";
import { openLayout } from "../../src/oci/layout.ts";
import { makeImage, type NewLayer } from "../../src/oci/make-image.ts";
import { hostPlatform } from "../../src/oci/platform.ts";
import { pullImage } from "../../src/oci/pull.ts";
import { RegistryClient } from "../../src/oci/registry/client.ts";
import { ObjectStore } from "../../src/store/store.ts";
import { writeTar } from "../../src/tar/write.ts";
import { writeChunkedLayer } from "../../src/toc/write.ts";
import { Tree } from "../../src/tree.ts";
import { someBytes } from "../support/archivable-tree.ts";
import { type RunningRegistry, startRegistry } from "../support/docker-registry.ts";
import { describeIf, findProgram } from "../support/needs.ts";
import { describeBytes, sha256 } from "../support/oci-image.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const temporary = useTemporaryFolder();
const platform = hostPlatform();
const created = new Date("2026-01-01");
let store: ObjectStore;
beforeEach(async () => {
	store = await ObjectStore.open(temporary("objects"), { sync: "never" });
});
afterEach(() => store.close());

async function baseTree(): Promise<Tree> {
	const tree = new Tree();
	tree.mkdir("/etc");
	tree.writeFile("/etc/motd", Buffer.from("Welcome.\n"));
	tree.mkdir("/usr/bin", { recursive: true });
	tree.writeFile("/usr/bin/large", await store.put(someBytes(300_000, 4)), { mode: 0o755 });
	tree.link("/usr/bin/large", "/usr/bin/alias");
	tree.link("/usr/bin/large", "/usr/bin/third");
	tree.mkdir("/srv/old/deep", { recursive: true });
	tree.writeFile("/was-file", Buffer.from("1"));
	tree.mkdir("/was-directory/x", { recursive: true });
	await store.flush();
	return tree;
}

/** Of each kind of change one. */
async function change(tree: Tree): Promise<Tree> {
	const changed = await copyTree(tree);
	changed.rm("/etc/motd");
	changed.rm("/srv/old", { recursive: true });
	changed.rm("/usr/bin/third");
	changed.link("/usr/bin/large", "/etc/link");
	changed.rm("/was-file");
	changed.mkdir("/was-file/in", { recursive: true, mode: 0o700 });
	changed.rm("/was-directory", { recursive: true });
	changed.symlink("usr", "/was-directory");
	changed.writeFile("/usr/bin/new", await store.put(someBytes(100_000, 5)), { mode: 0o755, mtime: 1000 });
	await store.flush();
	return changed;
}

type WriteLayer = (tree: Tree, to: string) => Promise<Omit<NewLayer, "blob">>;

const chunked: WriteLayer = (tree, to) => writeChunkedLayer(tree, { to, store });

/** For tools that refuse the media type of zstd, as umoci 0.4 does. */
const plain: WriteLayer = async (tree, to) => {
	await writeFile(to, writeTar(tree, { store }));
	const bytes = await readFile(to);
	return { descriptor: describeBytes(bytes, MEDIA_TYPES.layer), diffId: sha256(bytes) };
};

/** An image of both, each a layer. */
async function makeBoth(before: Tree, after: Tree, write: WriteLayer): Promise<ResolvedImage> {
	const layerOf = async (tree: Tree, to: string) => ({ ...(await write(tree, to)), blob: fileBlob(to) });
	const lower = await layerOf(before, temporary("lower"));
	const upper = await layerOf(await diffLayer(before, after), temporary("upper"));
	const base = makeImage({ platform, created, layers: [lower], config: { cmd: ["sh"] } });
	const config = { entrypoint: ["/usr/bin/new"], env: { A: "1" }, labels: { l: "2" } };
	return makeImage({ base, created, config, layers: [upper] });
}

async function inLayout(write: WriteLayer = chunked): Promise<{ image: ResolvedImage; after: Tree }> {
	const before = await baseTree();
	const after = await change(before);
	const image = await makeBoth(before, after, write);
	await copyImage(image, new LayoutDestination(temporary("layout")), { tag: "new" });
	return { image, after };
}

function run(program: string, ...args: readonly string[]): string {
	const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
	expect([status, stderr]).toEqual([0, expect.not.stringMatching(/error|fatal/i)]);
	return stdout;
}

test("is read again as it was made, by tables of contents and as a whole", async () => {
	const { image, after } = await inLayout();
	const found = await (await openLayout(temporary("layout"))).resolve("new");
	expect(found.manifest.descriptor.digest).toBe(image.name);
	for (const partial of [true, false])
		expect(await diff(await pullImage(found, { store, partial }), after)).toEqual([]);
});

describeIf("skopeo", findProgram("skopeo"), "skopeo is not on PATH", (skopeo) => {
	test("reads its config, and copies it as it is and decompressed", async () => {
		const { image } = await inLayout();
		const source = `oci:${temporary("layout")}:new`;
		expect(JSON.parse(run(skopeo, "inspect", source))).toMatchObject({
			Digest: image.name,
			Created: "2026-01-01T00:00:00Z",
			Labels: { l: "2" },
			Env: ["A=1"],
			Layers: image.layers.map(({ descriptor }) => descriptor.digest),
		});
		expect(JSON.parse(run(skopeo, "inspect", "--config", source))).toMatchObject({
			config: { Entrypoint: ["/usr/bin/new"] },
			history: [{ created_by: "composefs" }, { created_by: "composefs" }],
		});
		run(skopeo, "--insecure-policy", "copy", source, `oci:${temporary("copy")}:new`);
		const copied = await (await openLayout(temporary("copy"))).resolve("new");
		expect(copied.manifest.descriptor.digest).toBe(image.name);
		run(skopeo, "--insecure-policy", "copy", "--dest-decompress", source, `dir:${temporary("dir")}`);
		expect(readdirSync(temporary("dir"))).toEqual(
			expect.arrayContaining(image.layers.map(({ diffId }) => diffId.slice("sha256:".length))),
		);
	});
});

const umoci = process.getuid?.() === 0 ? findProgram("umoci") : undefined;
describeIf("umoci", umoci, "umoci is not on PATH, or this is not root", (program) => {
	test("unpacks the tree that was meant", async () => {
		const { after } = await inLayout(plain);
		run(program, "raw", "unpack", "--image", `${temporary("layout")}:new`, temporary("root"));
		const unpacked = await fromDirectory(temporary("root"), { store });
		// Directories' times are those of what was unpacked into them last.
		const changes = (await diff(after, unpacked)).filter(
			(one) => one.kind !== "changed" || one.after.type !== "directory" || one.attributes.join() !== "mtime",
		);
		expect(changes).toEqual([]);
	});
});

const registryProgram = findProgram("docker-registry");
describeIf("a registry", registryProgram, "docker-registry is not on PATH", (program) => {
	let registry: RunningRegistry;
	beforeAll(async () => {
		registry = await startRegistry(program, { auth: "open" });
	});
	afterAll(() => registry.close());
	const repositoryAt = (name: string) =>
		new RegistryClient({ plainHttp: "loopback" }).repository(path.posix.join(registry.host, name));

	test("takes it, and gives it back; over a base that is there, only the new layer is read", async () => {
		const { image, after } = await inLayout();
		await copyImage(image, repositoryAt("app:1"));
		const found = await repositoryAt("app:1").resolve();
		expect(found.manifest.descriptor.digest).toBe(image.name);
		expect(await diff(await pullImage(found, { store }), after)).toEqual([]);

		const to = temporary("third");
		const more = await copyTree(after);
		more.rm("/usr/bin/new");
		const written = await writeChunkedLayer(await diffLayer(after, more), { to, store });
		const next = makeImage({ base: found, layers: [{ ...written, blob: fileBlob(to) }] });
		const existed: boolean[] = [];
		const onBlob = (_blob: unknown, there: boolean) => void existed.push(there);
		await copyImage(next, repositoryAt("app:2"), { onBlob, parallel: 1 });
		expect(existed).toEqual([false, true, true, false]);
		expect(await diff(await pullImage(await repositoryAt("app:2").resolve(), { store }), more)).toEqual([]);
	});
});
