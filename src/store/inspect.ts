/** Objects looked at, or into, many at a time. */
import { awaitJob, type NativeFailure, type NativeSeen, type NativeStore } from "../native.ts";
import { forEachParallel } from "../parallel.ts";
import { choice, TRUST, type Trust } from "./options.ts";

/** What is known of an object: null where there is none. */
export type Seen = NativeSeen | NativeFailure | null;

/** Objects of a job: few where each is read. */
const LOOKED_AT = 256;
const LOOKED_INTO = 8;

export interface InspectOptions {
	/** Read the objects, or have the kernel measure them. Default: only look whether they are there */
	readonly trust?: Trust | undefined;
	/** They are relied on: the next flush makes sure that those that are there are on the disk. */
	readonly needed?: boolean | undefined;
	readonly parallel: number;
	readonly signal?: AbortSignal | undefined;
}

/** Tells of each item what the store has under its digest. Not in their order. */
export async function inspectAll<T extends { readonly digest: string }>(
	store: NativeStore,
	items: readonly T[],
	{ trust, needed = false, parallel, signal }: InspectOptions,
	tell: (item: T, seen: Seen) => void,
): Promise<void> {
	const number = trust === undefined ? undefined : choice("trust", TRUST, trust);
	const share = number ? LOOKED_INTO : LOOKED_AT;
	await forEachParallel(
		pieces(items, share),
		parallel,
		async (piece) => {
			const digests = Buffer.from(piece.map(({ digest }) => digest).join(""), "hex");
			const results = await awaitJob(() => store.inspect(digests, number, needed), { signal });
			for (const [index, item] of piece.entries()) tell(item, results[index] as Seen);
		},
		signal,
	);
}

function* pieces<T>(items: readonly T[], length: number): Generator<readonly T[]> {
	for (let at = 0; at < items.length; at += length) yield items.slice(at, at + length);
}
