/** Whether a store's objects are what their names say, and whether it has those that images need. */
import { sortNames } from "../names.ts";
import { type NativeFailure, toError } from "../native.ts";
import { forEachInSlices } from "../slices.ts";
import { inspectAll, type Seen } from "./inspect.ts";
import { inside, listLeftovers, listStore, type StoreEntry } from "./list.ts";
import type { OpenStore } from "./open-store.ts";
import type { Trust } from "./options.ts";
import { collectReferences, type ImageOrTree, type Reference } from "./references.ts";

export interface FsckOptions {
	/** `content` (the default): every byte is read. `verity`: what the kernel measures, where it does. `size`: neither */
	readonly trust?: Trust | undefined;
	readonly signal?: AbortSignal | undefined;
}

export interface BadObject {
	/** In the store, such as `ab/cdef…`. */
	readonly path: string;
	/**
	 * `content`: its bytes are others, or cannot be read; `size`: it has another size than an image says;
	 * `missing`: an image needs it; `name`: an image has another digest for it than its name says;
	 * `refused`: a symlink, no regular file, or somebody else's.
	 */
	readonly problem: "content" | "size" | "missing" | "name" | "refused";
	readonly message: string;
	/** The images that it breaks: their paths, or `image 1` … */
	readonly images: readonly string[];
}

export interface FsckResult {
	/** Objects in the store. */
	readonly objects: number;
	/** Bytes of them */
	readonly bytes: number;
	/** In the order of their paths. */
	readonly bad: readonly BadObject[];
	/** Unfinished files, of writers at work or gone; they do no harm. */
	readonly leftovers: readonly string[];
}

type Problem = Pick<BadObject, "problem" | "message">;

export async function checkStore(
	store: OpenStore,
	images: Iterable<ImageOrTree> | AsyncIterable<ImageOrTree>,
	{ trust = "content", signal }: FsckOptions,
): Promise<FsckResult> {
	const { references, names } = await collectReferences(images, signal);
	const found = new Map<string, number>();
	const problems = new Map<string, Problem>();
	let bytes = 0;
	const entries: StoreEntry[] = [];
	for await (const some of listStore(store.root)) for (const entry of some) entries.push(entry);
	const options = { trust, parallel: store.parallel, signal };
	await inspectAll(store.native, entries, options, ({ path }, seen) => {
		const size = seen !== null && "size" in seen ? seen.size : 0;
		if (seen !== null) found.set(path, size);
		bytes += size;
		const problem = problemOf(seen, () => inside(store.root, path).toString());
		if (problem !== undefined) problems.set(path, problem);
	});
	const compare = (reference: Reference) => {
		const problem = problemFor(reference, found.get(reference.path));
		const known = problems.get(reference.path);
		const isWorse = known === undefined || (known.problem === "content" && problem?.problem === "size");
		if (problem !== undefined && isWorse) problems.set(reference.path, problem);
	};
	await forEachInSlices(references.values(), compare, signal);
	const bad: BadObject[] = [];
	const tell = (path: string) => {
		const images = (references.get(path)?.images ?? []).map((number) => names[number] as string);
		bad.push({ path, ...(problems.get(path) as Problem), images });
	};
	await forEachInSlices(sortNames([...problems.keys()]), tell, signal);
	return { objects: found.size, bytes, bad, leftovers: await listLeftovers(store.root, 0) };
}

/** Of an object that was listed; one that is gone since then is none. */
function problemOf(seen: Seen, path: () => string): Problem | undefined {
	if (seen === null) return undefined;
	if (!("size" in seen))
		return { problem: "refused", message: toError(seen as NativeFailure, path()).message };
	if (seen.sound) return undefined;
	return {
		problem: "content",
		message: "its bytes are not those that its name stands for, or cannot be read",
	};
}

/** Of an object as an image needs it. */
function problemFor({ path, size, digest }: Reference, found: number | undefined): Problem | undefined {
	if (found === undefined) return { problem: "missing", message: "the store has no such object" };
	if (found !== size) return { problem: "size", message: `it has ${found} bytes, an image says ${size}` };
	if (digest !== undefined && digest !== path.replace("/", ""))
		return { problem: "name", message: `an image says that its digest is ${digest}` };
	return undefined;
}
