/** Output for people and for programs, on stdout. */
import { once } from "node:events";

/** Writes pieces of text, or of its bytes, no faster than they are read. */
export async function print(pieces: Iterable<string | Uint8Array>): Promise<void> {
	for (const piece of pieces) if (!process.stdout.write(piece)) await once(process.stdout, "drain");
}

/** JSON as this command line prints it: bigints as strings, bytes as base64. */
export async function printJson(value: unknown): Promise<void> {
	await print([`${toJson(value)}\n`]);
}

/** The same of a list, whose items are made as they are printed: all of them may be longer than a string can be. */
export async function printJsonList(items: Iterable<unknown>): Promise<void> {
	await print(inPieces(jsonList(items, "")));
	await print(["\n"]);
}

/** The same of an object with some values, and behind them a list. */
export async function printJsonObject(rest: object, name: string, items: Iterable<unknown>): Promise<void> {
	const open = toJson(rest).replace(/\n?\}$/, "");
	await print([`${open}${open === "{" ? "" : ","}\n  ${toJson(name)}: `]);
	await print(inPieces(jsonList(items, "  ")));
	await print(["\n}\n"]);
}

/** The same of lists that are in a list, each beside the image that it is of; in place of one, why there is none. */
export async function printImageLists(
	images: Iterable<
		| { readonly image: string; readonly entries: Iterable<unknown> }
		| { readonly image: string; readonly error: string }
	>,
): Promise<void> {
	let before = "[\n";
	for (const item of images) {
		await print([`${before}  {\n    "image": ${toJson(item.image)},\n    `]);
		if ("error" in item) await print([`"error": ${toJson(item.error)}`]);
		else {
			await print(['"entries": ']);
			await print(inPieces(jsonList(item.entries, "    ")));
		}
		before = "\n  },\n";
	}
	await print(["\n  }\n]\n"]);
}

/** As JSON.stringify has it, `margin` before each line but the first. */
function* jsonList(items: Iterable<unknown>, margin: string): Generator<string> {
	let before = "[";
	for (const item of items) {
		yield `${before}\n${margin}  ${toJson(item).replaceAll("\n", `\n${margin}  `)}`;
		before = ",";
	}
	yield before === "[" ? "[]" : `\n${margin}]`;
}

function toJson(value: unknown): string {
	return JSON.stringify(value, (_key, item) => (typeof item === "bigint" ? `${item}` : item), 2);
}

/** Bytes of a piece; each is a system call. */
const PIECE = 1 << 16;

function* inPieces(texts: Iterable<string>): Generator<string> {
	let piece = "";
	for (const text of texts) {
		piece += text;
		if (piece.length < PIECE) continue;
		yield piece;
		piece = "";
	}
	yield piece;
}

/** A path alone may have half a megabyte. */
const MOST_TEXT = 10_000;

/** Text from outside, on one line of a terminal: nothing in it that would move the cursor or turn the writing. */
export function plain(text: string): string {
	const shown = text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text;
	return shown.replaceAll(/\p{C}/gu, "?");
}

/** Says on stderr what the result is not wrong for, but may not be what was meant. */
export function warn(text: string): void {
	console.error(`composefs: warning: ${plain(text)}`);
}

type Colour = "red" | "green" | "yellow";
const CODES: Record<Colour, number> = { red: 31, green: 32, yellow: 33 };

/** Colours a text where a person sees it on a terminal and has not asked for none (no-color.org). */
export function colour(name: Colour, text: string): string {
	if (!process.stdout.isTTY || process.env.NO_COLOR) return text;
	return `\u001b[${CODES[name]}m${text}\u001b[0m`;
}

/** Lines of names and values, the values below each other. */
export function columns(rows: readonly (readonly [string, string])[]): string {
	const width = Math.max(...rows.map(([name]) => name.length));
	return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join("");
}

/** How many there are of something whose plural has an s. */
export function counted(count: number, thing: string): string {
	return `${count} ${thing}${count === 1 ? "" : "s"}`;
}
