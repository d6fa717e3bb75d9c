/** A tenth of an image is new: what a pull transfers from a registry on loopback, and how long it takes. */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { type Directory, type Tree, writeImage } from "composefs";
import { fromDirectory } from "composefs/directory";
import { planPull, pullImage, RegistryClient, type Repository, type ResolvedImage } from "composefs/oci";
import { ObjectStore } from "composefs/store";
import { readToc, writeChunkedLayer } from "composefs/toc";
import { makeSource } from "./directory.ts";
import { type Counted, countingFetch } from "./loopback.ts";
import { median, medianRatio, runPaired } from "./measure.ts";
import { findPeer } from "./peers.ts";
import { putImage, startRegistry } from "./registry.ts";
import { formatTable } from "./table.ts";

const ROUNDS = 3;
/** Of the files, every so many-th is in the new version alone. */
const NEW = 10;

export async function measurePartial(folder: string): Promise<string> {
	const program = findPeer("docker-registry");
	if (program === undefined) return "partial: there is no docker-registry";
	const work = path.join(folder, "partial");
	rmSync(work, { recursive: true, force: true });
	const registry = await startRegistry(program, path.join(work, "registry"));
	try {
		const counted: Counted = { bytes: 0, requests: 0 };
		const client = new RegistryClient({
			plainHttp: "loopback",
			credentials: async () => undefined,
			fetch: countingFetch(counted),
		});
		const repository = client.repository(`${registry.host}/image:new`);
		await publish(repository, makeSource(folder), work);
		return await measure(repository, work, counted);
	} finally {
		await registry.close();
		rmSync(work, { recursive: true, force: true });
	}
}

/** The directory as the tags `new` and, without a tenth of its files, `old`. */
async function publish(repository: Repository, source: string, work: string): Promise<void> {
	await using store = await ObjectStore.open(path.join(work, "origin"), { create: true, sync: "never" });
	const tree = await fromDirectory(source, { store });
	for (const tag of ["new", "old"]) {
		const file = path.join(work, `${tag}.tar.zst`);
		if (tag === "old") removeFiles(tree);
		await putImage(repository, tag, await writeChunkedLayer(tree, { to: file, store }), file);
	}
}

function removeFiles(tree: Tree): void {
	let files = 0;
	const visit = ({ children }: Directory) => {
		for (const [name, inode] of children)
			if (inode.type === "directory") visit(inode);
			else if (inode.type === "file" && ++files % NEW === 0) children.delete(name);
	};
	visit(tree.root);
}

async function measure(repository: Repository, work: string, counted: Counted): Promise<string> {
	const image = await repository.resolve("new");
	const old = path.join(work, "old");
	await pull(await repository.resolve("old"), old, work);
	let number = 0;
	// All are made before: what copying takes is nobody's.
	for (let n = 0; n <= ROUNDS + 1; n++) execFileSync("cp", ["-a", "--reflink=auto", old, `${old}-${n}`]);
	mkdirSync(path.join(work, "fresh"));
	const tenth = () => pull(image, `${old}-${number++}`, work);
	const times = await runPaired(
		[
			["a tenth", tenth],
			["everything", () => pull(image, path.join(work, "fresh", `${number}`), work)],
			["as a whole", () => pull(image, path.join(work, "fresh", `whole-${number}`), work, false)],
		],
		ROUNDS,
		"partial",
	);
	counted.bytes = 0;
	await using store = await ObjectStore.open(`${old}-${number}`);
	const { missing, bytes } = await planPull(image, { store });
	const tables = counted.bytes;
	const chunks = await compressedBytes(image, store);
	counted.bytes = 0;
	await tenth();
	const ours = times.get("a tenth") ?? [];
	const row: Record<string, string> = { missing: `${missing} files, ${mebibytes(bytes)}` };
	for (const [name, values] of times) row[name] = `${median(values).toFixed(0)} ms`;
	row["/everything"] = medianRatio(ours, times.get("everything") ?? []).toFixed(2);
	row["/as a whole"] = medianRatio(ours, times.get("as a whole") ?? []).toFixed(2);
	row.transferred = mebibytes(counted.bytes);
	row["/chunks and tables"] = (counted.bytes / (chunks + tables)).toFixed(3);
	return formatTable([row]);
}

/** A pull and the image of it, into a store that stays. */
async function pull(image: ResolvedImage, folder: string, work: string, partial = true): Promise<void> {
	await using store = await ObjectStore.open(folder, { create: true, sync: "flush" });
	await writeImage(await pullImage(image, { store, partial }), { to: path.join(work, "image.cfs") });
}

/** Of the contents that a store lacks, each once: bytes of their chunks in the blob. */
async function compressedBytes({ layers }: ResolvedImage, store: ObjectStore): Promise<number> {
	let bytes = 0;
	for (const { blob, descriptor } of layers) {
		const toc = await readToc(blob, { annotations: descriptor.annotations });
		const files = new Map(Array.from(toc?.files.values() ?? [], (file) => [file.digest, file]));
		const names = Array.from(files.values(), ({ digest, size }) => ({ sha256: digest, size }));
		const found = await store.find(names);
		for (const [index, { chunks }] of [...files.values()].entries())
			if (found[index] === undefined)
				for (const { range } of chunks) if (range !== undefined) bytes += range.end - range.start;
	}
	return bytes;
}

function mebibytes(bytes: number): string {
	return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
