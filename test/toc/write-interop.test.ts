/** Chunked layers as other tools see them. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { bytesBlob, fileBlob } from "../../src/blob.ts";
import { MEDIA_TYPES } from "../../src/media-types.ts";
import { LayoutDestination } from "../../src/oci/copy/layout-destination.ts";
import { openLayout } from "../../src/oci/layout.ts";
import { ObjectStore } from "../../src/store/store.ts";
import { type ChunkedLayer, writeChunkedLayer } from "../../src/toc/write.ts";
import { Tree } from "../../src/tree.ts";
import { someBytes } from "../support/archivable-tree.ts";
import { describeIf, findProgram } from "../support/needs.ts";
import { useTemporaryFolder } from "../support/temporary.ts";
import { sha256 } from "../support/toc.ts";

const temporary = useTemporaryFolder();
const openStore = () => ObjectStore.open(temporary("objects"), { sync: "never" });

/** An image of one layer, in a layout. */
async function layoutOf(store: ObjectStore, tree: Tree, folder: string): Promise<ChunkedLayer> {
	const to = temporary("layer");
	const layer = await writeChunkedLayer(tree, { store, to });
	const destination = new LayoutDestination(folder);
	await destination.putBlob(layer.descriptor, fileBlob(to));
	const config = Buffer.from(
		JSON.stringify({
			architecture: "amd64",
			os: "linux",
			rootfs: { type: "layers", diff_ids: [layer.diffId] },
			config: {},
		}),
	);
	const configDescriptor = {
		mediaType: MEDIA_TYPES.config,
		digest: `sha256:${sha256(config)}`,
		size: config.length,
	};
	await destination.putBlob({ ...configDescriptor, annotations: new Map() }, bytesBlob(config));
	const { annotations, ...rest } = layer.descriptor;
	const manifest = Buffer.from(
		JSON.stringify({
			schemaVersion: 2,
			mediaType: MEDIA_TYPES.manifest,
			config: configDescriptor,
			layers: [{ ...rest, annotations: Object.fromEntries(annotations) }],
		}),
	);
	const digest = `sha256:${sha256(manifest)}`;
	await destination.putManifest({ mediaType: MEDIA_TYPES.manifest, digest, bytes: manifest, tag: "test" });
	return layer;
}

async function someTree(store: ObjectStore): Promise<Tree> {
	const tree = new Tree();
	tree.mkdir("/usr/bin", { recursive: true });
	tree.writeFile("/usr/bin/large", await store.put(someBytes(400_000, 3)), { mode: 0o755 });
	tree.link("/usr/bin/large", "/usr/bin/other");
	tree.writeFile("/usr/bin/é", Buffer.from("small"), { mtimeNs: 1_700_000_000_123_456_789n });
	tree.symlink("large", "/usr/bin/link");
	tree.whiteout("/usr/gone");
	await store.flush();
	return tree;
}

describeIf("skopeo", findProgram("skopeo"), "skopeo is not on PATH", (skopeo) => {
	const copy = (...args: string[]) => {
		const { status, stderr } = spawnSync(skopeo, ["--insecure-policy", "copy", ...args], {
			encoding: "utf8",
		});
		expect([status, stderr]).toEqual([0, ""]);
	};

	test("copies an image as it is, and checks its diffId when it decompresses it", async () => {
		await using store = await openStore();
		const { descriptor, diffId } = await layoutOf(store, await someTree(store), temporary("one"));
		copy(`oci:${temporary("one")}:test`, `oci:${temporary("two")}:test`);
		const { layers } = (await (await openLayout(temporary("two"))).resolve("test")) as {
			layers: readonly { descriptor: typeof descriptor; diffId: string }[];
		};
		expect(layers).toMatchObject([{ descriptor, diffId }]);
		copy("--dest-decompress", `oci:${temporary("one")}:test`, `dir:${temporary("dir")}`);
		expect(readdirSync(temporary("dir"))).toContain(diffId.slice("sha256:".length));
	});
});

describeIf("zstd", findProgram("zstd"), "zstd is not on PATH", (zstd) => {
	test("decompresses a layer to its tar", async () => {
		await using store = await openStore();
		const { diffId } = await writeChunkedLayer(await someTree(store), { store, to: temporary("layer") });
		const { stdout, status } = spawnSync(zstd, ["-dc", temporary("layer")], { maxBuffer: 2 ** 24 });
		expect([status, `sha256:${sha256(stdout)}`]).toEqual([0, diffId]);
	});
});
