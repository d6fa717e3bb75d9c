/** Blobs in a registry, from whichever of its endpoints has them. */
import type { BlobReadOptions, BlobSource, ByteRange, RangePiece } from "../../blob.ts";
import { BlobReader } from "./blob-reader.ts";
import type { Endpoint } from "./endpoint.ts";
import { WantedRanges } from "./wanted-ranges.ts";

/** A repository at one of the hosts that have it. */
export interface Place {
	readonly endpoint: Endpoint;
	/** Its name there. */
	readonly repository: string;
}

/**
 * A blob by its digest. Nothing here checks it: `verifiedBlob` does. Where a connection breaks, the rest is asked for;
 * where a place fails for good, the next one goes on from there.
 */
export class RegistryBlob implements BlobSource {
	readonly name: string;
	readonly #places: readonly Place[];
	readonly #digest: string;
	readonly #size: number;

	/** @param places mirrors, then the registry itself; at least one */
	constructor(places: readonly Place[], name: string, { digest, size }: { digest: string; size: number }) {
		this.name = name;
		this.#places = places;
		this.#digest = digest;
		this.#size = size;
	}

	get ignoresRanges(): boolean {
		return this.#places.some(({ endpoint }) => endpoint.ignoresRanges);
	}

	async size(): Promise<number> {
		return this.#size;
	}

	async *read({ range, signal }: BlobReadOptions = {}): AsyncGenerator<Uint8Array> {
		const whole = { start: 0, end: this.#size };
		for await (const { bytes } of this.#pieces([range ?? whole], signal)) yield bytes;
	}

	readRanges(
		ranges: readonly ByteRange[],
		{ signal }: { readonly signal?: AbortSignal | undefined } = {},
	): AsyncIterable<RangePiece> {
		return this.#pieces(ranges, signal);
	}

	async *#pieces(ranges: readonly ByteRange[], signal?: AbortSignal): AsyncGenerator<RangePiece> {
		const wanted = new WantedRanges(ranges, this.#size);
		const blob = { digest: this.#digest, size: this.#size, signal };
		for (const [index, { endpoint, repository }] of this.#places.entries()) {
			try {
				yield* new BlobReader(endpoint, repository, blob).read(wanted);
				return;
			} catch (error) {
				signal?.throwIfAborted();
				if (index === this.#places.length - 1) throw error;
			}
		}
	}
}
