/** The input of a request, on its way into the file that a worker reads it from. */
import { ComposefsError } from "../errors.ts";
import { sandboxError } from "./fault.ts";
import { writeBytes } from "./frames.ts";
import type { SandboxSettings } from "./options.ts";

export interface InputFile {
	/** @throws ComposefsError above the limit of `inputSize` */
	write(bytes: Uint8Array): void;
	/** That of the request; it also aborts when the input takes longer to come than a request may. */
	readonly signal: AbortSignal;
}

/** Puts the input into the file. */
export type Feed = (input: InputFile) => Promise<void>;

interface Target {
	readonly fd: number;
	/** Throws if nothing is to be written any more. */
	check(): void;
	readonly signal: AbortSignal | undefined;
}

/**
 * Takes the input, for as long as a request may take: whoever sends it slowly has a worker meanwhile.
 *
 * @returns how many bytes it has
 * @throws what the source throws; ComposefsError `ERR_COMPOSEFS_SANDBOX`, rule `timeout`; the signal's reason
 */
export async function takeInput(
	feed: Feed,
	{ fd, check, signal }: Target,
	{ inputSize: limit, timeout }: SandboxSettings,
): Promise<number> {
	let size = 0;
	const late = new AbortController();
	const text = `the input of a sandbox was not there after ${timeout} ms`;
	const timer = setTimeout(() => late.abort(sandboxError("timeout", text, { limit: timeout })), timeout);
	const write = (bytes: Uint8Array) => {
		check();
		if (size + bytes.length > limit) {
			const problem = `the input of a sandbox has more than ${limit} bytes`;
			throw new ComposefsError("ERR_COMPOSEFS_BLOB", problem, { rule: "input-size", limit });
		}
		writeBytes(fd, bytes, size);
		size += bytes.length;
	};
	try {
		await feed({ write, signal: signal ? AbortSignal.any([signal, late.signal]) : late.signal });
	} finally {
		clearTimeout(timer);
	}
	return size;
}
