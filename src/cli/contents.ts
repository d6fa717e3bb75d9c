/** Where commands put the contents of files: into a store, or nowhere. */
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ContentChunk } from "../content.ts";
import { computeDigest } from "../digest.ts";
import { objectPath } from "../object-path.ts";
import type { ContentStore } from "../oci/index.ts";
import { ObjectStore } from "../store/index.ts";
import type { Held } from "./held.ts";

/** A store that is held; without a folder for one, what computes digests alone. */
export async function openContents(folder: string | undefined, hold: Held["hold"]): Promise<ContentStore> {
	if (folder !== undefined) return hold(await ObjectStore.open(folder, { sync: "flush" }));
	return hold(new Digests(await mkdtemp(path.join(tmpdir(), "composefs-"))));
}

type PutOptions = Parameters<ContentStore["put"]>[1];

/** Contents get their digests, and are gone. Those that come in pieces are files meanwhile, holes as holes. */
class Digests implements ContentStore, AsyncDisposable {
	readonly #folder: string;
	#count = 0;

	constructor(folder: string) {
		this.#folder = folder;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await rm(this.#folder, { recursive: true, force: true });
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
