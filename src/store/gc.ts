/** Objects that no image needs, and what writers left behind, are removed. */
import { rm, unlink } from "node:fs/promises";
import { forEachParallel } from "../parallel.ts";
import { fromSystem, systemCall } from "../system-call.ts";
import { inspectAll } from "./inspect.ts";
import { inside, listLeftovers, listStore, type StoreEntry } from "./list.ts";
import type { OpenStore } from "./open-store.ts";
import { collectReferences, type ImageOrTree } from "./references.ts";

export interface GcOptions {
	/**
	 * Tell what would be removed, and remove nothing. Where only others can write to the store it does not keep them from that,
	 * and may list what they are at.
	 */
	readonly dryRun?: boolean | undefined;
	/** Milliseconds after which an unfinished file of mkcomposefs, which takes no lock, is removed. Default: an hour */
	readonly temporaryAge?: number | undefined;
	readonly signal?: AbortSignal | undefined;
}

export interface GcResult {
	/** Objects that were removed, or would be; in the order of their paths. */
	readonly removed: readonly { readonly path: string; readonly size: number }[];
	/** Bytes on disk that they took */
	readonly freed: number;
	/** Objects that are needed. */
	readonly kept: number;
	/** Unfinished files and folders of writers that are gone; names within the store. */
	readonly leftovers: readonly string[];
}

const HOUR = 3_600_000;
const AT_A_TIME = 16;

/** The store is this writer's alone meanwhile; `own` is its folder there, if it has one. */
export async function collectGarbage(
	store: OpenStore,
	own: string | undefined,
	images: Iterable<ImageOrTree> | AsyncIterable<ImageOrTree>,
	{ dryRun = false, temporaryAge = HOUR, signal }: GcOptions,
): Promise<GcResult> {
	const { references } = await collectReferences(images, signal);
	const garbage: StoreEntry[] = [];
	let kept = 0;
	for await (const entries of listStore(store.root))
		for (const entry of entries) {
			if (references.has(entry.path)) kept++;
			else garbage.push(entry);
		}
	const { removed, freed } = await measure(store, garbage, signal);
	const leftovers = (await listLeftovers(store.root, temporaryAge)).filter((name) => name !== own);
	if (!dryRun) {
		await forEachParallel(garbage, AT_A_TIME, ({ path }) => remove(inside(store.root, path)), signal);
		for (const name of leftovers) await removeAll(inside(store.root, name));
		await store.index.compact((path) => references.has(path), signal);
	}
	return { removed, freed, kept, leftovers };
}

async function measure(store: OpenStore, garbage: readonly StoreEntry[], signal: AbortSignal | undefined) {
	const sizes = new Map<string, number>();
	let freed = 0;
	await inspectAll(store.native, garbage, { parallel: store.parallel, signal }, ({ path }, seen) => {
		if (seen === null || !("size" in seen)) return; // gone already, or no object: it is removed as well
		sizes.set(path, seen.size);
		freed += seen.stored;
	});
	return { removed: garbage.map(({ path }) => ({ path, size: sizes.get(path) ?? 0 })), freed };
}

async function remove(path: Buffer): Promise<void> {
	try {
		await unlink(path);
	} catch (error) {
		if (Object(error).code !== "ENOENT") throw fromSystem(error, path.toString());
	}
}

/** A file, or a folder with what is in it. */
async function removeAll(path: Buffer): Promise<void> {
	await systemCall(rm(path, { recursive: true, force: true }), path.toString());
}
