/** An OCI image becomes a tree, an image and a store, against umoci unpack and mkcomposefs. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { writeImage } from "composefs";
import { openLayout, pullImage } from "composefs/oci";
import { ObjectStore } from "composefs/store";
import { makeSource } from "./directory.ts";
import { type Contestant, measureLoop, median, medianRatio, runPaired } from "./measure.ts";
import { findPeer, runToEnd } from "./peers.ts";
import { formatTable } from "./table.ts";

const ROUNDS = 3;

/** The directory's image, whose layers are the folders of its root, compressed by gzip as builders do. */
export async function measureLayers(folder: string): Promise<string> {
	const source = makeSource(folder);
	const layout = path.join(folder, "layout");
	rmSync(layout, { recursive: true, force: true });
	const layers = makeLayout(layout, source);
	const image = path.join(folder, "layers.cfs");
	const work = path.join(folder, "layers");
	rmSync(work, { recursive: true, force: true });
	let number = 0;
	// A new folder each time: what removing the one before costs is nobody's.
	const fresh = () => {
		const made = path.join(work, `${number++}`);
		mkdirSync(made, { recursive: true });
		return made;
	};
	const pull = () => pullInto(layout, image, path.join(fresh(), "store"));
	const floor = 'gzip -dc -- "$@" >/dev/null && find "$SOURCE" -type f -exec sha256sum -- {} + >/dev/null';
	process.env.SOURCE = source;
	const contestants: Contestant[] = [
		["pull", pull],
		["gzip and sha256", () => runToEnd("sh", ["-c", floor, "sh", ...layers])],
	];
	const [umoci, mkcomposefs] = [findPeer("umoci"), findPeer("mkcomposefs")];
	if (umoci && mkcomposefs && process.getuid?.() === 0)
		contestants.push(["umoci and mkcomposefs", () => unpack(umoci, mkcomposefs, layout, fresh(), image)]);
	const times = await runPaired(contestants, ROUNDS, "layers");
	const { longest } = await measureLoop(pull);
	for (const made of [layout, work, image]) rmSync(made, { recursive: true, force: true });
	const ours = times.get("pull") ?? [];
	const row: Record<string, string> = { layers: `${layers.length} of gzip` };
	for (const [name, values] of times) row[name] = `${median(values).toFixed(0)} ms`;
	row["/gzip and sha256"] = medianRatio(ours, times.get("gzip and sha256") ?? []).toFixed(2);
	row["/umoci"] = medianRatio(ours, times.get("umoci and mkcomposefs") ?? []).toFixed(2);
	return formatTable([{ ...row, stall: `${longest.toFixed(0)} ms` }]);
}

async function pullInto(layout: string, image: string, folder: string): Promise<void> {
	const resolved = await (await openLayout(layout)).resolve("latest");
	const store = await ObjectStore.open(folder, { sync: "flush" });
	try {
		await writeImage(await pullImage(resolved, { store }), { to: image });
	} finally {
		await store.close();
	}
}

async function unpack(umoci: string, mkcomposefs: string, layout: string, work: string, image: string) {
	const bundle = path.join(work, "bundle");
	await runToEnd(umoci, ["unpack", "--image", `${layout}:latest`, bundle]);
	await runToEnd(mkcomposefs, [
		`--digest-store=${path.join(work, "objects")}`,
		path.join(bundle, "rootfs"),
		image,
	]);
}

/** Returns the layers' files. */
function makeLayout(layout: string, source: string): string[] {
	const blobs = path.join(layout, "blobs/sha256");
	mkdirSync(blobs, { recursive: true });
	const files: string[] = [];
	const put = (bytes: Uint8Array, mediaType: string) => {
		const hex = sha256(bytes);
		writeFileSync(path.join(blobs, hex), bytes);
		return {
			mediaType: `application/vnd.oci.image.${mediaType}+json`,
			digest: `sha256:${hex}`,
			size: bytes.length,
		};
	};
	const diffIds: string[] = [];
	const layers = readdirSync(source).map((name) => {
		const tar = execFileSync("sh", ["-c", 'tar -C "$1" -c -- "$2" | gzip -6', "sh", source, name], {
			maxBuffer: 2 ** 30,
		});
		diffIds.push(`sha256:${sha256(gunzipSync(tar))}`);
		const layer = { ...put(tar, "layer"), mediaType: "application/vnd.oci.image.layer.v1.tar+gzip" };
		files.push(path.join(blobs, sha256(tar)));
		return layer;
	});
	const config = {
		architecture: "amd64",
		os: "linux",
		config: {},
		rootfs: { type: "layers", diff_ids: diffIds },
	};
	const manifest = {
		schemaVersion: 2,
		config: put(Buffer.from(JSON.stringify(config)), "config.v1"),
		layers,
	};
	const annotations = { "org.opencontainers.image.ref.name": "latest" };
	const index = {
		schemaVersion: 2,
		manifests: [{ ...put(Buffer.from(JSON.stringify(manifest)), "manifest.v1"), annotations }],
	};
	writeFileSync(path.join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
	writeFileSync(path.join(layout, "index.json"), JSON.stringify(index));
	for (const file of files) readFileSync(file); // into the page cache
	return files;
}

function sha256(bytes: Uint8Array): string {
	return createHash("sha256").update(bytes).digest("hex");
}
