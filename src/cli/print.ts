/** Output for people and for programs, on stdout. */
import { once } from "node:events";

/** Writes pieces of text, or of its bytes, no faster than they are read. */
export async function print(pieces: Iterable<string | Uint8Array>): Promise<void> {
	for (const piece of pieces) if (!process.stdout.write(piece)) await once(process.stdout, "drain");
}

/** JSON as this command line prints it: bigints as strings, bytes as base64. */
export async function printJson(value: unknown): Promise<void> {
	const text = JSON.stringify(value, (_key, item) => (typeof item === "bigint" ? `${item}` : item), 2);
	await print([`${text}\n`]);
}

/** A path alone may have half a megabyte. */
const MOST_TEXT = 10_000;

/** Text from outside, on one line of a terminal: nothing in it that would move the cursor or turn the writing. */
export function plain(text: string): string {
	const shown = text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text;
	return shown.replaceAll(/\p{C}/gu, "?");
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
