/** What can go wrong with a worker: one code, told apart by `rule`. */
import { ComposefsError, type ComposefsErrorDetails } from "../errors.ts";
import type { SandboxSettings } from "./options.ts";

type SandboxRule = "crash" | "timeout" | "memory" | "output" | "protocol" | "busy" | "closed";

export function sandboxError(
	rule: SandboxRule,
	message: string,
	details: ComposefsErrorDetails = {},
): ComposefsError {
	return new ComposefsError("ERR_COMPOSEFS_SANDBOX", message, { ...details, rule });
}

/** A worker said what none says that works. */
export function junk(what: string, details?: ComposefsErrorDetails): ComposefsError {
	return sandboxError("protocol", `the worker of a sandbox sent ${what}`, details);
}

/** What a worker says of itself is an answer, unless it is that it cannot go on. */
export function isFatal(error: unknown): error is ComposefsError {
	return error instanceof ComposefsError && error.code === "ERR_COMPOSEFS_SANDBOX";
}

export function closedError(): ComposefsError {
	return sandboxError("closed", "the sandbox was closed");
}

export function busyError({ requests }: SandboxSettings): ComposefsError {
	return sandboxError("busy", `${requests} requests are under way in a sandbox`, { limit: requests });
}

export function memoryError({ memory }: SandboxSettings): ComposefsError {
	const text = `the worker of a sandbox needs more than ${memory} bytes of memory`;
	return sandboxError("memory", text, { limit: memory });
}

export function outputError({ outputSize }: SandboxSettings): ComposefsError {
	const text = `the output of a sandbox has more than ${outputSize} bytes`;
	return sandboxError("output", text, { limit: outputSize });
}

export function startError(cause: unknown): ComposefsError {
	const text = `the worker of a sandbox cannot be started: ${(cause as Error).message}`;
	return sandboxError("crash", text, { cause });
}
