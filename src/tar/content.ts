/** The content of one entry, read while the archive is. */
import type { ContentChunk } from "../content.ts";
import { argumentError, type ComposefsError } from "../errors.ts";
import type { EntryDescription } from "./describe.ts";
import { fail } from "./fault.ts";
import { paddedSize, type TarReader } from "./reader.ts";
import { checkMap, readGnuMap, type SparseContext, type SparseMap } from "./sparse.ts";

export interface ContentPlace {
	/** Bytes that the archive holds from here on. */
	readonly stored: number;
	/** Bytes of the file. */
	readonly size: number;
	/** Of a sparse file. */
	readonly map: SparseMap | undefined;
}

/** Where an entry's content is, once its map has been read, if it has one. The reader stands behind its header. */
export async function placeContent(
	reader: TarReader,
	{ type, stored, sparse }: EntryDescription,
	context: SparseContext,
): Promise<ContentPlace> {
	if (sparse === undefined) return { stored, size: type === "file" ? stored : 0, map: undefined };
	const start = reader.offset;
	const { size } = sparse;
	const map = sparse.pax
		? await sparse.pax.readMap(reader, stored, context)
		: await readGnuMap(reader, context);
	// The blocks of an old GNU map are not counted in what is stored, those of a pax map are.
	const left = sparse.pax ? stored - (reader.offset - start) : stored;
	checkMap(map, size, left, context.offset);
	return { stored: left, size, map };
}

export class EntryContent {
	readonly #reader: TarReader;
	readonly #place: ContentPlace;
	/** Where the next header is. */
	readonly #end: number;
	#state: "fresh" | "asked" | "over" = "fresh";
	#waiting = false;

	/** The reader stands where the content begins. */
	constructor(reader: TarReader, place: ContentPlace) {
		this.#reader = reader;
		this.#place = place;
		this.#end = reader.offset + paddedSize(place.stored);
	}

	/** The content, to be asked for once. */
	read(): AsyncGenerator<ContentChunk> {
		if (this.#state === "asked") throw wrongContent("an entry's content can be asked for once");
		this.#checkPlace();
		this.#state = "asked";
		const { map, size } = this.#place;
		return map === undefined ? this.#bytes(size) : this.#sparse(map);
	}

	/** Bytes of the file. */
	get size(): number {
		return this.#place.size;
	}

	/** Goes on to the next header: what has not been read never will be. */
	leave(): Promise<void> {
		if (this.#waiting) throw wrongContent("the next entry was asked for while this one's content is read");
		this.#state = "over";
		return this.#reader.skipTo(this.#end);
	}

	async *#bytes(length: number): AsyncGenerator<Uint8Array> {
		for (let left = length; left > 0; ) {
			const piece = await this.#piece(left);
			left -= piece.length;
			yield piece;
		}
	}

	async *#sparse(map: SparseMap): AsyncGenerator<ContentChunk> {
		let end = 0;
		for (let index = 0; index < map.length; index += 2) {
			const start = map[index] as number;
			const length = map[index + 1] as number;
			if (start > end) yield { hole: start - end };
			if (length > 0) yield* this.#bytes(length);
			end = start + length;
			if (this.#reader.mustPause) await this.#reader.pause();
		}
		if (this.#place.size > end) yield { hole: this.#place.size - end };
	}

	async #piece(most: number): Promise<Uint8Array> {
		this.#checkPlace();
		this.#waiting = true;
		try {
			const piece = await this.#reader.piece(most);
			if (piece !== undefined) return piece;
		} finally {
			this.#waiting = false;
		}
		return fail("truncated", this.#reader.offset, "the archive ends within a file's content");
	}

	#checkPlace(): void {
		if (this.#state === "over") throw wrongContent("the archive is read past this entry's content");
	}
}

function wrongContent(text: string): ComposefsError {
	return argumentError(text, { rule: "content" });
}
