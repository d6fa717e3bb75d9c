/** Text becomes steps: its bytes go to a cursor, window by window, and a reader takes what it can of each. */
import { abortable } from "../abortable.ts";
import { Slices } from "../slices.ts";
import { piecesOf, pieceToBytes } from "../text-piece.ts";
import { type JsonCursor, STARVED } from "./json.ts";
import { Window } from "./window.ts";

/** The text of a table, whole or in pieces of any length. */
export type TocText =
	| string
	| Uint8Array
	| Iterable<string | Uint8Array>
	| AsyncIterable<string | Uint8Array>;

export interface FeedOptions {
	readonly signal?: AbortSignal | undefined;
	/** Bytes of the text. */
	readonly limit: number;
}

/** A reader that goes step by step. */
export interface Steps {
	readonly cursor: JsonCursor;
	/** Bytes of one step: so much of the text is in memory, and read without giving way. */
	readonly stepLimit: number;
	/**
	 * Reads on; false at the end. A step that the window cuts is taken again when there is more of it, so it must
	 * change nothing before it has all it needs.
	 */
	step(): boolean;
}

const STEPS_PER_CHECK = 32;

/** Has a text read, in slices of a few milliseconds. */
export async function feed(text: TocText, steps: Steps, { signal, limit }: FeedOptions): Promise<void> {
	const window = new Window(steps.cursor, { total: limit, step: steps.stepLimit });
	const slices = new Slices(signal);
	const read = async (isLast: boolean) => {
		window.show(isLast);
		while (takeSteps(steps, STEPS_PER_CHECK)) if (slices.isOver()) await slices.next();
	};
	for await (const some of abortable(piecesOf(text), signal)) {
		if (slices.isOver()) await slices.next();
		const piece = pieceToBytes(some);
		for (let at = 0; at < piece.length; ) {
			const part = piece.subarray(at, at + window.room);
			window.add(part);
			at += part.length;
			if (window.room <= 0) await read(false);
		}
	}
	signal?.throwIfAborted();
	await read(true);
}

/** Takes up to `count` steps; false at the end of the window. */
function takeSteps(steps: Steps, count: number): boolean {
	const { cursor } = steps;
	let start = cursor.at;
	try {
		for (let n = 0; n < count; n++) {
			start = cursor.at;
			if (!steps.step()) return false;
		}
		return true;
	} catch (error) {
		if (error !== STARVED) throw error;
		cursor.at = start;
		return false;
	}
}
