/** Errors of node:fs, as errors of this package. */
import { ComposefsError } from "./errors.ts";

/** The result of a system call of node:fs; its error becomes this package's. */
export async function systemCall<T>(call: Promise<T>, path?: string): Promise<T> {
	try {
		return await call;
	} catch (error) {
		throw fromSystem(error, path);
	}
}

/** What node:fs threw, as an error of this package; another error as it is. */
export function fromSystem(cause: unknown, path?: string): unknown {
	if (cause instanceof ComposefsError) return cause;
	// Not `instanceof Error`: those of node:fs are of another realm where a test runs.
	const { code, message, errno, syscall, path: named } = Object(cause) as NodeJS.ErrnoException;
	if (typeof code !== "string") return cause;
	// A call on an open file has no path to tell of.
	const text = path === undefined || named !== undefined ? message : `${message} '${path}'`;
	return new ComposefsError(code, text, {
		cause,
		...(errno !== undefined && { errno }),
		...(syscall !== undefined && { syscall }),
		...(path !== undefined && { path }),
	});
}
