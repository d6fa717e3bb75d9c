import { gzipSync } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import { readDockerArchive } from "../../src/oci/docker-archive.ts";
import { parseManifest } from "../../src/oci/documents.ts";
import { pullImage } from "../../src/oci/pull.ts";
import { compress } from "../../src/zstd-encode.ts";
import { lines } from "../support/layers.ts";
import { MemoryLayout, sha256 } from "../support/layouts.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { plainTar } from "../support/plain-tar.ts";

const tars = [plainTar("a", "b"), plainTar(".wh.a", "c")];

/** The files of an archive with one image, and whatever is to be different. */
function files({
	config = {},
	image = {},
	layers = tars,
}: {
	config?: object;
	image?: object;
	layers?: Buffer[];
} = {}) {
	const archive = new MemoryLayout();
	const rootfs = { type: "layers", diff_ids: tars.map(sha256) };
	const bytes = Buffer.from(JSON.stringify({ os: "linux", architecture: "amd64", rootfs, ...config }));
	const name = `${sha256(bytes).slice(7)}.json`;
	archive.files.set(name, bytes);
	for (const [at, layer] of layers.entries()) archive.files.set(`${at}/layer.tar`, layer);
	const paths = layers.map((_, at) => `${at}/layer.tar`);
	archive.set("manifest.json", [{ Config: name, RepoTags: ["example:1"], Layers: paths, ...image }]);
	return { archive, name };
}

/** zstd, behind a frame that says nothing. */
async function notedZstd(tar: Buffer): Promise<Buffer> {
	const pieces: Uint8Array[] = [Buffer.from("502a4d1804000000", "hex"), Buffer.from("note")];
	for await (const piece of compress([tar])) pieces.push(piece);
	return Buffer.concat(pieces);
}

describe("what docker save writes", () => {
	test("gives its image, with a manifest made up", async () => {
		const { archive, name } = files();
		const image = await (await readDockerArchive(archive)).resolve("example:1");
		expect(lines(await pullImage(image, { store: new MemoryStore() }))).toEqual(["b", "c"]);
		expect(image.config.descriptor.digest).toBe(`sha256:${name.slice(0, 64)}`);
		const { bytes, value, descriptor } = image.manifest;
		expect(sha256(bytes)).toBe(descriptor.digest);
		expect(parseManifest(bytes, { name: "own" })).toEqual(value);
		expect(value.layers.map(({ digest }) => digest)).toEqual(tars.map(sha256));
	});

	test("gives an image of a name with Docker's defaults, and with options alone", async () => {
		const { archive } = files({ image: { RepoTags: ["docker.io/library/app:latest"] } });
		const opened = await readDockerArchive(archive);
		const { digest } = (await opened.resolve()).manifest.descriptor;
		for (const named of ["app", "app:latest", { platform: { os: "linux", architecture: "amd64" } }])
			expect((await opened.resolve(named)).manifest.descriptor.digest).toBe(digest);
		await expect(opened.resolve("app:1")).rejects.toMatchObject({ rule: "reference" });
	});

	test("may have compressed layers", async () => {
		const { archive } = files({ layers: tars.map((tar) => gzipSync(tar)) });
		const image = await (await readDockerArchive(archive)).resolve();
		expect(image.layers.map(({ descriptor }) => descriptor.digest)).toEqual(
			tars.map((tar) => sha256(gzipSync(tar))),
		);
		expect(lines(await pullImage(image, { store: new MemoryStore() }))).toEqual(["b", "c"]);
	});

	test("bug: a layer of zstd that begins with a skippable frame was called a plain tar", async () => {
		const compressed = await Promise.all(tars.map(notedZstd));
		const { archive } = files({ layers: compressed });
		const image = await (await readDockerArchive(archive)).resolve();
		expect(image.layers.map(({ descriptor }) => descriptor.digest)).toEqual(compressed.map(sha256));
		expect(lines(await pullImage(image, { store: new MemoryStore() }))).toEqual(["b", "c"]);
	});

	test("without tags can be asked for without one", async () => {
		const opened = await readDockerArchive(files({ image: { RepoTags: null } }).archive);
		expect(opened.images[0]?.tags).toEqual([]);
		expect((await opened.resolve()).layers).toHaveLength(2);
	});

	test("with several images is asked for by their tags", async () => {
		const { archive, name } = files();
		const entry = { Config: name, RepoTags: ["one:1", "one:2"], Layers: ["0/layer.tar", "1/layer.tar"] };
		archive.set("manifest.json", [entry, { ...entry, RepoTags: ["two:1"] }]);
		const opened = await readDockerArchive(archive);
		expect(opened.find("one:2").tags).toEqual(["one:1", "one:2"]);
		await expect(opened.resolve()).rejects.toMatchObject({
			rule: "reference",
			message: expect.stringContaining("one:1, one:2, two:1"),
		});
		await expect(opened.resolve("three")).rejects.toMatchObject({ rule: "reference" });
	});
});

describe("refused", () => {
	test("a layer that is not its diff_id", async () => {
		const { archive } = files({ layers: [...tars].reverse() });
		const image = await (await readDockerArchive(archive)).resolve();
		await expect(pullImage(image, { store: new MemoryStore() })).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_DIGEST",
		});
	});

	test("a config that is not what its name says", async () => {
		const { archive, name } = files();
		const config = archive.files.get(name) as Uint8Array;
		archive.files.set(name, Buffer.concat([config, Buffer.from("\n")]));
		await expect((await readDockerArchive(archive)).resolve()).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_DIGEST",
		});
	});

	test.each<[string, Parameters<typeof files>[0], object]>([
		["other numbers of layers", { image: { Layers: ["0/layer.tar"] } }, { rule: "layer-count" }],
		["a config that is none", { config: { rootfs: 7 } }, { rule: "document" }],
		["no config", { image: { Config: 7 } }, { rule: "document" }],
		["a layer that is not there", { image: { Layers: ["x", "y"] } }, { code: "ENOENT" }],
	])("%s", async (_title, options, error) => {
		await expect(
			readDockerArchive(files(options).archive).then((one) => one.resolve()),
		).rejects.toMatchObject(error);
	});

	test("another platform than the one that is asked for", async () => {
		const opened = await readDockerArchive(files().archive);
		const platform = { os: "linux", architecture: "arm64" };
		await expect(opened.resolve(undefined, { platform })).rejects.toMatchObject({ rule: "platform" });
	});
});
