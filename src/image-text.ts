/** The text of an image, without the tree in between: that would be half of the time. */
import { DumpLines } from "./dump/lines.ts";
import { directorySize } from "./erofs.ts";
import { inFile } from "./errors.ts";
import type { Listing } from "./image/listing.ts";
import type { ReadImageOptions } from "./image/read.ts";
import { checkLimits, type ImageSource, loadImage, nameOfSource } from "./image/source.ts";
import { type Visitor, walkImage } from "./image/walk.ts";
import type { Directory, Inode } from "./inode.ts";

/** Bytes of a piece. */
const PIECE = 1 << 18;
/** A line, but for the longest. */
const LINE = 1 << 12;
/** Bytes that are held: names in a deep directory make gigabytes of text of an image that is small. */
const MOST_BYTES = 1 << 28;

/**
 * The dump of an image, in pieces: what `formatDump` makes of its tree. It is complete before any of it is given, since
 * part of a dump that is refused in the end is a smaller tree to whoever reads it.
 *
 * @returns undefined, if a line depends on what comes behind it, or the text is too long: then it takes the tree
 * @throws ComposefsError as `readImage` does, though of several problems it may find another one first
 */
export async function dumpText(
	image: ImageSource,
	{ signal, limits }: ReadImageOptions = {},
): Promise<Buffer[] | undefined> {
	const checked = checkLimits(limits);
	const text = new Text();
	try {
		await walkImage(await loadImage(image, checked.imageSize, signal), text, checked, signal);
	} catch (error) {
		if (error instanceof TreeNeeded) return undefined;
		throw inFile(error, nameOfSource(image));
	}
	return text.end();
}

/** Ends a walk whose text takes the tree. */
class TreeNeeded extends Error {}

class Text implements Visitor {
	readonly #lines = new DumpLines(PIECE + LINE);
	readonly #pieces: Buffer[] = [];
	#bytes = 0;

	directory(
		name: string,
		inode: Directory,
		depth: number,
		links: number,
		{ names, count }: Listing,
		mayChange: boolean,
	): void {
		if (mayChange) throw new TreeNeeded();
		this.#lines.directory(name, inode, depth, links, directorySize(names.slice(0, count), depth === 0));
		this.#takePiece();
	}

	other(name: string, inode: Inode, depth: number, links: number): void {
		this.#lines.other(name, inode, depth, links);
		this.#takePiece();
	}

	end(): Buffer[] {
		return [...this.#pieces, this.#lines.takeBytes()];
	}

	#takePiece(): void {
		if (this.#lines.length < PIECE) return;
		const piece = this.#lines.takeBytes();
		this.#bytes += piece.length;
		if (this.#bytes > MOST_BYTES) throw new TreeNeeded();
		this.#pieces.push(piece);
	}
}
