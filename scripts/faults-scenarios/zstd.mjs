// zstd, both ways, and layers of it.
import fs from "node:fs";
import path from "node:path";
import { equals, OLD, Wrong } from "./support.mjs";

export async function zstdScenarios(folder) {
	const { compress } = await import("../../lib/zstd-encode.js");
	const { decompress, decompressPiece } = await import("../../lib/decompress.js");
	const bytes = mixed(3_000_000);
	const frame = await joined(compress([bytes]));
	// A window that is allocated for the frame alone, and a frame that is skipped.
	const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 0]);
	const frames = Buffer.concat([frame, skippable, await joined(compress([bytes], { level: 19 }))]);
	const small = await joined(compress([bytes.subarray(0, 50_000)]));
	const check = (expected, found) => {
		if (!expected.equals(found)) throw new Wrong(`${found.length} bytes, or others`);
	};
	return {
		"zstd: compress": { run: async () => check(frame, await joined(compress(pieces(bytes)))) },
		"zstd: decompress": {
			run: async () => check(Buffer.concat([bytes, bytes]), await joined(decompress(pieces(frames)))),
		},
		"zstd: decompressPiece": {
			isShort: true,
			run: async () => check(bytes.subarray(0, 50_000), await joined(decompressPiece(small, 50_000))),
		},
		...(await layerScenarios(folder, bytes)),
	};
}

async function layerScenarios(folder, bytes) {
	const { Tree } = await import("../../lib/index.js");
	const { ObjectStore } = await import("../../lib/store/index.js");
	const { writeChunkedLayer } = await import("../../lib/toc/index.js");
	const at = (name) => path.join(folder, name);
	const tree = new Tree();
	const content = Buffer.concat([
		bytes.subarray(0, 600_000),
		Buffer.alloc(200_000),
		bytes.subarray(0, 70_000),
	]);
	const store = await ObjectStore.open(at("layer-objects"), { sync: "never" });
	const { digest, size, path: object } = await store.put(content);
	await store.close();
	tree.mkdir("/folder");
	tree.writeFile("/folder/large", { size, digest, path: object });
	for (let i = 0; i < 200; i++) tree.writeFile(`/folder/${i}`, Buffer.alloc(i % 60, `${i}`));
	tree.symlink("folder", "/link");
	const options = { to: at("layer"), store: { open: () => fs.promises.open(at(`layer-objects/${object}`)) } };
	const expected = await writeChunkedLayer(tree, options);
	const layer = fs.readFileSync(at("layer"));
	return {
		writeChunkedLayer: {
			prepare: () => fs.writeFileSync(at("layer"), OLD),
			run: async () => {
				const found = await writeChunkedLayer(tree, options);
				equals(JSON.stringify(expected), JSON.stringify(found));
			},
			after: (done) => {
				const found = fs.readFileSync(at("layer"));
				if (!found.equals(done ? layer : OLD)) throw new Wrong(`the layer has ${found.length} bytes`);
			},
		},
	};
}

/** Bytes of which some can be compressed, the same each time. */
function mixed(size) {
	const bytes = Buffer.alloc(size);
	let state = 1;
	for (let at = 0; at + 4 <= size; at += 4) {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		bytes.writeUInt32LE(at % 65_536 < 20_000 ? state : state % 17, at);
	}
	return bytes;
}

function* pieces(bytes) {
	for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
}

async function joined(source) {
	const parts = [];
	for await (const part of source) parts.push(part);
	return Buffer.concat(parts);
}
