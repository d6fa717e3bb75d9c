/** Where commands put the contents of files: into a store, or nowhere. */

import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ContentChunk } from "../content.ts";
import { computeDigest } from "../digest.ts";
import { objectPath } from "../object-path.ts";
import type { ContentStore } from "../oci/index.ts";
import { ObjectStore } from "../store/index.ts";

/** Runs something with a store; without a folder for one, with what computes digests alone. */
export async function withContents<T>(
	folder: string | undefined,
	run: (store: ContentStore) => Promise<T>,
): Promise<T> {
	if (folder === undefined) return withDigests(run);
	// Closed whatever becomes of it: what is unfinished in it then goes.
	await using store = await ObjectStore.open(folder, { sync: "flush" });
	return await run(store);
}

async function withDigests<T>(run: (store: ContentStore) => Promise<T>): Promise<T> {
	const folder = await mkdtemp(path.join(tmpdir(), "composefs-"));
	try {
		return await run(new Digests(folder));
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

type PutOptions = Parameters<ContentStore["put"]>[1];

/** Contents get their digests, and are gone. Those that come in pieces are files meanwhile, holes as holes. */
class Digests implements ContentStore {
	readonly #folder: string;
	#count = 0;

	constructor(folder: string) {
		this.#folder = folder;
	}

	async put(content: Uint8Array | AsyncIterable<ContentChunk>, { signal }: PutOptions) {
		const digest = await (content instanceof Uint8Array
			? computeDigest(content, { signal })
			: this.#digestOf(content, signal));
		return { digest, path: objectPath(digest) };
	}

	async #digestOf(pieces: AsyncIterable<ContentChunk>, signal: AbortSignal | undefined): Promise<string> {
		const place = path.join(this.#folder, `${this.#count++}`);
		const file = await open(place, "wx+");
		try {
			let size = 0;
			for await (const piece of pieces) {
				signal?.throwIfAborted();
				if ("hole" in piece) size += piece.hole;
				else {
					for (let done = 0; done < piece.length; ) {
						const { bytesWritten } = await file.write(piece, done, piece.length - done, size + done);
						done += bytesWritten;
					}
					size += piece.length;
				}
			}
			await file.truncate(size);
			return await computeDigest(file, { signal });
		} finally {
			await file.close();
			await rm(place, { force: true });
		}
	}
}
