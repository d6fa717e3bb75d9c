/** Images whose layers are kept in a folder: a pull that is interrupted goes on where it ended. */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { type BlobReadOptions, type BlobSource, fileBlob } from "../../blob.ts";
import { type FilePath, pathToString } from "../../file-path.ts";
import { systemCall } from "../../system-call.ts";
import { checkImage } from "../arguments.ts";
import { parseDigest } from "../digest.ts";
import type { Descriptor, ResolvedImage } from "../image.ts";
import { LayoutDestination } from "./layout-destination.ts";

/**
 * The same image. A layer that is read as a whole is downloaded into the folder first, as into a layout, and checked;
 * what is there already is not asked for again. Ranges of a layer that is not there come from where it is, and are
 * not kept: who reads them by a table of contents has what came in the store. The folder is the caller's to remove.
 */
export function cachedImage(image: ResolvedImage, folder: FilePath): ResolvedImage {
	checkImage(image);
	const cache = new LayoutDestination(folder);
	const layers = image.layers.map((layer) => {
		const { descriptor, blob } = layer;
		return { ...layer, blob: new CachedBlob(cache, pathToString(folder), descriptor, blob) };
	});
	return { ...image, layers };
}

/** Forgets layers of an image that are kept whole: they are not needed any more. */
export async function forgetCached(image: ResolvedImage, folder: FilePath): Promise<void> {
	checkImage(image);
	for (const { descriptor } of image.layers) {
		const file = cachedFile(pathToString(folder), descriptor.digest);
		await systemCall(rm(file, { force: true }), file);
	}
}

function cachedFile(folder: string, digest: string): string {
	const { algorithm, hex } = parseDigest(digest);
	return path.join(folder, "blobs", algorithm, hex);
}

const MAX_ATTEMPTS = 3;

class CachedBlob implements BlobSource {
	readonly name: string;
	readonly #cache: LayoutDestination;
	readonly #folder: string;
	readonly #descriptor: Descriptor;
	readonly #blob: BlobSource;
	readonly readRanges?: NonNullable<BlobSource["readRanges"]>;

	constructor(cache: LayoutDestination, folder: string, descriptor: Descriptor, blob: BlobSource) {
		this.name = blob.name;
		this.#cache = cache;
		this.#folder = folder;
		this.#descriptor = descriptor;
		this.#blob = blob;
		const { readRanges } = blob;
		if (readRanges) this.readRanges = (ranges, options) => readRanges.call(blob, ranges, options);
	}

	get ignoresRanges(): boolean {
		return this.#blob.ignoresRanges ?? false;
	}

	async size(): Promise<number> {
		return this.#descriptor.size;
	}

	async *read(options: BlobReadOptions = {}): AsyncGenerator<Uint8Array> {
		const file = cachedFile(this.#folder, this.#descriptor.digest);
		const kept = fileBlob(file);
		if (options.range !== undefined && !existsSync(file)) {
			yield* this.#blob.read(options);
			return;
		}
		for (let attempt = 1; ; attempt++) {
			await this.#cache.putBlob(this.#descriptor, this.#blob, options);
			try {
				yield* kept.read(options);
				return;
			} catch (error) {
				// Whoever shares the folder was done with it, before it could be opened: nothing has been read of it.
				const isGone = (error as NodeJS.ErrnoException).code === "ENOENT";
				if (!isGone || attempt === MAX_ATTEMPTS) throw error;
			}
		}
	}
}
