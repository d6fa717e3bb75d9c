/** For commands that tell of several files, each by itself: one that cannot be read keeps back none of the others. */
import { ComposefsError } from "../errors.ts";
import { EXIT, ExitStatus, fail } from "./exit.ts";

export interface Unreadable {
	/** Why. */
	readonly error: string;
}

type UnreadableImage = Unreadable & { readonly image: string };

/** Reads images one after the other; says on stderr which of them cannot be read. */
export async function readEach<T extends object>(
	images: readonly string[],
	read: (image: string) => Promise<T>,
): Promise<(T | UnreadableImage)[]> {
	const results: (T | UnreadableImage)[] = [];
	for (const image of images)
		results.push(await read(image).catch((error) => ({ image, ...unreadable(error) })));
	return results;
}

/** Says on stderr why a file cannot be read. */
export function unreadable(error: unknown): Unreadable {
	if (!(error instanceof ComposefsError)) throw error;
	// Before more is printed: whoever stops reading must not turn a failure into a success.
	process.exitCode = fail(error);
	return { error: error.message };
}

/** Those that could be read. */
export function readable<T extends object>(results: readonly T[]): Exclude<T, Unreadable>[] {
	return results.filter((result): result is Exclude<T, Unreadable> => !("error" in result));
}

/** When all is printed: ends the command with 1, if one could not be read. */
export function failUnlessAllRead(results: readonly object[]): void {
	if (results.some((result) => "error" in result)) throw new ExitStatus(EXIT.failure);
}
