/** For commands that tell of several images, each by itself: one that cannot be read keeps back none of the others. */
import { ComposefsError } from "../errors.ts";
import { EXIT, ExitStatus, fail } from "./exit.ts";

interface Unreadable {
	readonly image: string;
	/** Why. */
	readonly error: string;
}

/** Reads images one after the other; says on stderr which of them cannot be read. */
export async function readEach<T extends object>(
	images: readonly string[],
	read: (image: string) => Promise<T>,
): Promise<(T | Unreadable)[]> {
	const results: (T | Unreadable)[] = [];
	for (const image of images) results.push(await read(image).catch((error) => unreadable(image, error)));
	return results;
}

function unreadable(image: string, error: unknown): Unreadable {
	if (!(error instanceof ComposefsError)) throw error;
	// Before more is printed: whoever stops reading must not turn a failure into a success.
	process.exitCode = fail(error);
	return { image, error: error.message };
}

/** Those that could be read. */
export function readable<T extends object>(results: readonly (T | Unreadable)[]): T[] {
	return results.filter((result): result is T => !("error" in result));
}

/** When all is printed: ends the command with 1, if an image could not be read. */
export function failUnlessAllRead(results: readonly object[]): void {
	if (results.some((result) => "error" in result)) throw new ExitStatus(EXIT.failure);
}
