/** How the command line ends. */
import { ComposefsError, withPrefix } from "../errors.ts";
import { plain } from "./print.ts";

export const EXIT = {
	success: 0,
	failure: 1,
	usage: 2,
	verificationFailed: 3,
	interrupted: 130,
} as const;

/** What is wrong with the arguments, beyond what the parser of them sees. */
export class UsageError extends Error {}

/** An argument that the library refuses, as what it is on the command line. */
export function asUsage(error: unknown): unknown {
	const isArgument = error instanceof ComposefsError && error.code === "ERR_COMPOSEFS_ARGUMENT";
	return isArgument ? new UsageError(error.message) : error;
}

/** Where the library asks for plain HTTP to be allowed, the option that does. */
function withOption(error: unknown): unknown {
	const isRegistry = error instanceof ComposefsError && error.code === "ERR_COMPOSEFS_REGISTRY";
	if (!isRegistry || error.rule !== "no-tls") return error;
	return new ComposefsError(error.code, `${error.message}: --plain-http`, { ...error, cause: error });
}

/** Ends a command with a status of its own, when all that there is to say has been said. */
export class ExitStatus extends Error {
	readonly status: number;

	constructor(status: number) {
		super(`exit status ${status}`);
		this.status = status;
	}
}

/** Prints, and ends the command with a status, whatever becomes of the printing: `… | head -1` ends with it, too. */
export async function endWith(status: number, print: () => Promise<void>): Promise<void> {
	process.exitCode = status;
	await print();
	if (status !== EXIT.success) throw new ExitStatus(status);
}

/** What went wrong first, where something that was held could not be let go either: `await using` has both in one. */
function firstOf(error: unknown): unknown {
	let first = error;
	while (first instanceof Error && first.name === "SuppressedError" && "suppressed" in first)
		first = first.suppressed;
	return first;
}

/** Says on stderr what went wrong, in one line; returns the exit status. */
export function fail(thrown: unknown): number {
	const error = firstOf(thrown);
	if (error instanceof Interrupted) return EXIT.interrupted;
	if (error instanceof ExitStatus) return error.status;
	const expected = error instanceof ComposefsError || error instanceof UsageError || isSystemError(error);
	// Anything else is a bug of ours, and its stack is what we will be asked for.
	console.error(`composefs: ${expected ? plain(error.message) : ((error as Error)?.stack ?? error)}`);
	return error instanceof UsageError ? EXIT.usage : EXIT.failure;
}

/**
 * For commands that check what they read: awaits something, and ends with the status for a failed verification where
 * bytes are not what their digest or size says.
 */
export async function verifying<T>(work: Promise<T>): Promise<T> {
	return work.catch((thrown) => {
		const error = firstOf(thrown);
		const status = fail(withOption(asUsage(error)));
		throw new ExitStatus(isUnverified(error) ? EXIT.verificationFailed : status);
	});
}

/** Names the image in an error of reading it, where that does not: the command may have been given several. */
export async function readingOf<T>(image: string, reading: Promise<T>): Promise<T> {
	return reading.catch((error) => {
		if (!(error instanceof ComposefsError) || error.path === image) throw error;
		throw withPrefix(image, error);
	});
}

export function isUnverified(error: unknown): boolean {
	if (!(error instanceof ComposefsError)) return false;
	const { code, rule } = error;
	return code === "ERR_COMPOSEFS_DIGEST" || (code === "ERR_COMPOSEFS_BLOB" && rule === "blob-size");
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
	return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === "string";
}

class Interrupted extends Error {}

/** Runs something with a signal that SIGINT, SIGTERM and SIGHUP abort, so that it can clean up behind itself. */
export async function interruptible<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
	const controller = new AbortController();
	const abort = () => controller.abort(new Interrupted());
	process.once("SIGINT", abort).once("SIGTERM", abort).once("SIGHUP", abort);
	try {
		return await run(controller.signal);
	} finally {
		process.off("SIGINT", abort).off("SIGTERM", abort).off("SIGHUP", abort);
	}
}
