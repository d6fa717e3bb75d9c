/**
 * Puts a directory over a base image, and writes the new image to layout folders and registries. What differs from the base
 * becomes one layer, of which clients fetch only the contents that they lack.
 *
 *     node push-image.js debian:12 dist /opt/app registry.example/app:1 --entrypoint /opt/app/main
 *     node push-image.js oci:base dist /opt/app oci:out:1 localhost:5000/app:1 --work /var/cache/builder
 *
 * `oci:FOLDER[:TAG]` is a layout, all else a reference. With --work, what is pulled of bases stays there. The same base and
 * directory give the same digest, whenever and wherever: owners are root, and no time is later than --date (1970-01-01).
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { ComposefsError, copyTree, type Tree } from "composefs";
import { fromDirectory } from "composefs/directory";
import {
	type ContainerConfig,
	copyImage,
	diffLayer,
	LayoutDestination,
	makeImage,
	openLayout,
	pullImage,
	RegistryClient,
	type ResolvedImage,
} from "composefs/oci";
import { ObjectStore } from "composefs/store";
import { fileBlob, writeChunkedLayer } from "composefs/toc";

const client = new RegistryClient({ plainHttp: "loopback" });

/** Undefined for what is in a registry. */
function layoutIn(place: string): { folder: string; tag: string | undefined } | undefined {
	const [, folder, tag] = /^oci:([^:]+)(?::(.+))?$/.exec(place) ?? [];
	return folder === undefined ? undefined : { folder, tag };
}

async function find(place: string): Promise<ResolvedImage> {
	const layout = layoutIn(place);
	if (layout === undefined) return client.repository(place).resolve();
	return (await openLayout(layout.folder)).resolve(layout.tag);
}

async function write(image: ResolvedImage, place: string, signal: AbortSignal): Promise<void> {
	const layout = layoutIn(place);
	if (layout === undefined) return copyImage(image, client.repository(place), { signal });
	return copyImage(image, new LayoutDestination(layout.folder), { tag: layout.tag, signal });
}

interface Build {
	readonly source: string;
	/** Where in the image the directory goes. */
	readonly at: string;
	readonly date: Date;
	readonly config: ContainerConfig;
	readonly work: string;
	readonly signal: AbortSignal;
}

/** The tree of the base, with a directory put into it. */
async function changed(before: Tree, store: ObjectStore, { source, at, date, signal }: Build): Promise<Tree> {
	const mapOwner = () => ({ uid: 0, gid: 0 });
	const { root } = await fromDirectory(source, { store, mapOwner, clampMtime: date, signal });
	const after = await copyTree(before, { signal });
	const parent = after.mkdir(path.posix.dirname(at), { recursive: true, mtime: date });
	parent.children.set(path.posix.basename(at), root);
	return after;
}

async function build(base: ResolvedImage, options: Build): Promise<ResolvedImage> {
	const { work, date: created, config, signal } = options;
	const store = await ObjectStore.open(path.join(work, "objects"), { create: true, sync: "flush" });
	try {
		const before = await pullImage(base, { store, signal });
		const after = await changed(before, store, options);
		await store.flush(); // before that, what was put cannot be read
		const to = path.join(work, "layer.tar.zst");
		const written = await writeChunkedLayer(await diffLayer(before, after, { signal }), {
			to,
			store,
			signal,
		});
		const createdBy = `push-image ${options.at}`;
		return makeImage({ base, created, config, layers: [{ ...written, blob: fileBlob(to), createdBy }] });
	} finally {
		await store.close();
	}
}

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: { entrypoint: { type: "string" }, date: { type: "string" }, work: { type: "string" } },
});
const [place, source, at, ...targets] = positionals;
if (place === undefined || source === undefined || !at?.startsWith("/") || targets.length === 0) {
	console.error("usage: push-image [--entrypoint PATH] [--date DATE] [--work FOLDER] BASE DIR /PATH TARGET…");
	process.exitCode = 2;
} else {
	const controller = new AbortController();
	process.once("SIGINT", () => controller.abort());
	const { signal } = controller;
	const work = values.work ?? (await mkdtemp(path.join(tmpdir(), "push-image-")));
	try {
		await mkdir(work, { recursive: true });
		const config = values.entrypoint === undefined ? {} : { entrypoint: [values.entrypoint] };
		const date = new Date(values.date ?? 0);
		const image = await build(await find(place), { source, at, date, config, work, signal });
		for (const target of targets) await write(image, target, signal);
		console.log(image.manifest.descriptor.digest);
	} catch (error) {
		if (!(error instanceof ComposefsError)) throw error;
		console.error(`${error.code}: ${error.message}`);
		process.exitCode = 1;
	} finally {
		if (values.work === undefined) await rm(work, { recursive: true, force: true });
	}
}
