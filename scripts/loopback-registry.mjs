// A docker-registry on loopback, with an image of two layers in it.
import { createHash } from "node:crypto";
import path from "node:path";
import { onPath } from "./report.mjs";

const FILES = 200;

/** Runs `action` with the image's repository; says so instead where there is no docker-registry. */
export async function withRegistry(folder, action) {
	if (!onPath("docker-registry")) return "not done: there is no docker-registry";
	const { startRegistry } = await import("../build/programs/bench/registry.js");
	const registry = await startRegistry("docker-registry", path.join(folder, "registry"));
	try {
		const { RegistryClient } = await import("../lib/oci/index.js");
		const client = new RegistryClient({ plainHttp: "loopback", credentials: {} });
		const repository = client.repository(`${registry.host}/image:latest`);
		await push(repository);
		return await action(repository);
	} finally {
		await registry.close();
	}
}

async function push(repository) {
	const { Tree } = await import("../lib/index.js");
	const { bytesBlob } = await import("../lib/blob.js");
	const { MEDIA_TYPES } = await import("../lib/oci/index.js");
	const { writeTar } = await import("../lib/tar/index.js");
	const put = async (mediaType, bytes) => {
		const descriptor = { mediaType, digest: sha256(bytes), size: bytes.length };
		await repository.putBlob(descriptor, bytesBlob(new Uint8Array(bytes)));
		return descriptor;
	};
	const tars = [];
	for (const layer of ["one", "two"]) {
		const tree = new Tree();
		tree.mkdir(`/${layer}`);
		// Of up to 5,000 bytes contents may be in a tree: no store is needed to write them.
		for (let i = 0; i < FILES; i++)
			tree.writeFile(`/${layer}/${i}`, Buffer.alloc(10 + i * 24, `${layer} ${i} `));
		const pieces = [];
		for await (const piece of writeTar(tree)) pieces.push(piece);
		tars.push(Buffer.concat(pieces));
	}
	const layers = [];
	for (const tar of tars) layers.push(await put(MEDIA_TYPES.layer, tar));
	const rootfs = { type: "layers", diff_ids: tars.map(sha256) };
	const platform = { architecture: process.arch === "x64" ? "amd64" : process.arch, os: "linux" };
	const config = await put(MEDIA_TYPES.config, Buffer.from(JSON.stringify({ ...platform, rootfs })));
	const mediaType = MEDIA_TYPES.manifest;
	const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers }));
	await repository.putManifest({ mediaType, digest: sha256(bytes), bytes, tag: "latest" });
}

function sha256(bytes) {
	return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
