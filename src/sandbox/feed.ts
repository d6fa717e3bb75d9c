/** The input of a request, on its way to a worker. */
import { onAbort, untilAbort } from "../abort.ts";
import { ComposefsError } from "../errors.ts";
import { sandboxError } from "./fault.ts";
import type { SandboxSettings } from "./options.ts";

export interface InputFile {
	/** @throws ComposefsError above the limit of `inputSize` */
	write(bytes: Uint8Array): void;
	/** Aborts when the input is of no use any more. */
	readonly signal: AbortSignal;
}

/** Writes the input. */
export type Feed = (input: InputFile) => Promise<void>;

interface Intake {
	/** Keeps bytes that are the source's again afterwards. */
	put(bytes: Uint8Array, position: number): void;
	/** Ends it: with the reason of whoever aborts it. */
	readonly controller: AbortController;
	/** The caller's. */
	readonly signal: AbortSignal | undefined;
}

/**
 * Takes the input for as long as it may take to come. Nothing is put any more once this has settled, whatever the source does.
 *
 * @returns how many bytes it has
 * @throws what the source throws; ComposefsError `ERR_COMPOSEFS_SANDBOX`, rule `timeout`; the controller's and the
 *   signal's reason
 */
export async function takeInput(
	feed: Feed,
	{ put, controller, signal }: Intake,
	{ inputSize: limit, inputTimeout }: SandboxSettings,
): Promise<number> {
	signal?.throwIfAborted();
	let size = 0;
	const write = (bytes: Uint8Array) => {
		controller.signal.throwIfAborted();
		if (size + bytes.length > limit) {
			const problem = `the input of a sandbox has more than ${limit} bytes`;
			throw new ComposefsError("ERR_COMPOSEFS_BLOB", problem, { rule: "input-size", limit });
		}
		put(bytes, size);
		size += bytes.length;
	};
	const timer = setTimeout(() => controller.abort(lateError(inputTimeout)), inputTimeout);
	const forget = onAbort(signal, () => controller.abort(signal?.reason));
	try {
		await untilAbort(feed({ write, signal: controller.signal }), controller.signal);
		controller.signal.throwIfAborted();
		return size;
	} catch (error) {
		controller.abort(error);
		throw error;
	} finally {
		clearTimeout(timer);
		forget();
	}
}

function lateError(limit: number): ComposefsError {
	return sandboxError("timeout", `the input of a sandbox was not there after ${limit} ms`, { limit });
}
