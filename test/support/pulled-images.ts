/** A small image for tests of the command line, in all the forms that it can be pulled from. */
import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { MemoryLayout, type RawDescriptor, tagged } from "./layouts.ts";
import { type PlainEntry, plainTar } from "./plain-tar.ts";

const times = { mtimeNs: 1_700_000_000_000_000_000n };
const file = (name: string, size: number): PlainEntry => ({ name, content: noise(size), ...times });

/** Bytes that nothing can guess, and that are the same every time. */
export function noise(size: number): Buffer {
	let state = size;
	const next = () => {
		state = (state * 1664525 + 1013904223) >>> 0;
		return state >>> 24;
	};
	return Buffer.from(Uint8Array.from({ length: size }, next));
}

/** Two layers; the second takes a file of the first away. */
export const TARS: readonly Buffer[] = [
	plainTar(
		{ name: "usr/", ...times },
		file("usr/gone", 100),
		file("usr/large", 3_000_000),
		file("usr/b", 70),
	),
	plainTar({ name: "usr/.wh.gone" }, file("usr/c", 2_000_000), { name: "usr/l", linkName: "c", ...times }),
];

/** Their compressed forms: to make them takes longer than to use them. */
const GZIPPED: readonly Buffer[] = TARS.map((tar) => gzipSync(tar, { level: 1 }));

/** The image as a layout has it, of this process's platform or another. */
export function addImage(layout: MemoryLayout, platform: object = { architecture: "amd64" }): RawDescriptor {
	const layers = TARS.map((tar, index) => ({
		bytes: GZIPPED[index] ?? Buffer.alloc(0),
		tar,
		mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
	}));
	return layout.image(layers, {
		config: platform,
		manifest: { annotations: { "org.example.note": "a\u001b[1m" } },
	});
}

/** A layout with the image, called v1. */
export function writeLayout(folder: string): MemoryLayout {
	const layout = new MemoryLayout();
	layout.tag(tagged(addImage(layout), "v1")).write(folder);
	return layout;
}

export function writeOciArchive(place: string): void {
	const layout = new MemoryLayout();
	layout.tag(tagged(addImage(layout), "v1"));
	writeArchive(place, layout);
}

/** What `docker save` writes: layers as they are, and no digests of blobs. */
export function writeDockerArchive(place: string, tag: string): void {
	const layout = new MemoryLayout();
	const { digest } = addImage(layout);
	const manifest = JSON.parse(String(layout.files.get(`blobs/${digest.replace(":", "/")}`)));
	const config = layout.files.get(`blobs/${manifest.config.digest.replace(":", "/")}`);
	const archive = new MemoryLayout();
	archive.files.clear();
	archive.files.set("config.json", config as Uint8Array);
	for (const [at, tar] of TARS.entries()) archive.files.set(`${at}.tar`, tar);
	archive.set("manifest.json", [
		{ Config: "config.json", RepoTags: [tag], Layers: TARS.map((_, at) => `${at}.tar`) },
	]);
	writeArchive(place, archive);
}

function writeArchive(place: string, { files }: MemoryLayout): void {
	writeFileSync(place, plainTar(...Array.from(files, ([name, content]) => ({ name, content }))));
}
