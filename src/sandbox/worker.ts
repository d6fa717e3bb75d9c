/** The worker's side of a sandbox: locks itself up, then serves one request after another. */
import fs from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { argumentError } from "../errors.ts";
import { callNative } from "../native.ts";
import { INPUT, OUTPUT, PIPE, readFrame, type WorkerSettings, writeBytes, writeFrame } from "./frames.ts";
import { describeError, OPERATIONS, type Operation } from "./operations.ts";

const KEPT = OUTPUT + 1;

interface Request {
	readonly id: number;
	readonly operation: string;
	/** Bytes of the input. */
	readonly size: number;
	readonly options: never;
}

/** For tests. */
export interface WorkerChanges {
	readonly operations?: { readonly [name: string]: Operation };
	readonly useSeccomp?: boolean;
	readonly useLandlock?: boolean;
}

/**
 * Serves until the pipe ends. To be called before anything uses libuv's pool: Landlock holds for threads that
 * are started after it.
 */
export async function serve(settings: WorkerSettings, changes: WorkerChanges = {}): Promise<void> {
	const lockdown = {
		keptDescriptors: KEPT,
		memory: settings.memory,
		fileSize: settings.outputSize,
		mayMakeCode: settings.jit,
		useSeccomp: changes.useSeccomp ?? true,
		useLandlock: changes.useLandlock ?? true,
	};
	// What the event loop watches is registered in its first turn, by later releases of libuv through io_uring, which is refused then.
	await nextTurn();
	writeFrame(
		PIPE,
		callNative((addon) => addon.lockDown(lockdown)),
	);
	const operations = { ...OPERATIONS, ...changes.operations };
	for (;;) {
		const request = readFrame(PIPE) as Request | undefined;
		if (request === undefined) process.exit();
		writeFrame(PIPE, await answer(request, operations));
		await nextTurn(); // what was freed is given back now, not while waiting
	}
}

async function answer(
	{ id, operation, size, options }: Request,
	operations: { readonly [name: string]: Operation },
): Promise<object> {
	try {
		const run = operations[operation];
		if (run === undefined) throw argumentError(`unknown operation ${operation}`);
		const parts = await run(readInput(size), options);
		let at = 0;
		for (const part of parts) {
			writeBytes(OUTPUT, part, at);
			at += part.length;
		}
		return { id, parts: parts.map((part) => part.length) };
	} catch (error) {
		return { id, error: describeError(error) };
	}
}

function readInput(size: number): Buffer {
	const bytes = Buffer.allocUnsafeSlow(size);
	for (let at = 0; at < size; ) {
		const count = fs.readSync(INPUT, bytes, at, size - at, at);
		if (count === 0) throw new Error("the input is shorter than its size");
		at += count;
	}
	return bytes;
}
