/** Starts the process of a worker. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { devNull } from "node:os";
import { fileURLToPath } from "node:url";
import { callNative } from "../native.ts";
import { startError } from "./fault.ts";
import { INPUT, OUTPUT, PIPE, type WorkerSettings } from "./frames.ts";
import type { SandboxSettings } from "./options.ts";

/** A process, and the descriptors of its input and output, which the owner closes. */
export interface StartedWorker {
	readonly process: ChildProcess;
	readonly input: number;
	readonly output: number;
}

/** The compiled program, also for a caller that runs these sources as they are. */
const ENTRY = fileURLToPath(new URL("../../lib/sandbox/entry.cjs", import.meta.url));
/**
 * Bytes for what is not V8's old space: its young generation, stacks of threads, the addon. V8 must meet its own limit before
 * the kernel's, where it may end without a word.
 */
const OUTSIDE_HEAP = 2 ** 27;
/** Descriptors: two pipes and one more for a moment, and some to spare. */
const TAKEN_BY_START = 8;
/** Of the environment, what decides which addon and libraries are loaded. */
const PASSED_ON = ["COMPOSEFS_PREBUILD", "LD_LIBRARY_PATH"];

/**
 * @param entry   the worker's program; another one for tests
 * @throws ComposefsError `ERR_COMPOSEFS_SANDBOX`, rule `crash`; the system's error where there is no descriptor left
 */
export async function spawnWorker(settings: SandboxSettings, entry: string = ENTRY): Promise<StartedWorker> {
	const files: number[] = [];
	try {
		for (let count = 0; count < 2; count++) files.push(callNative((addon) => addon.openMemoryFile()));
		checkDescriptors();
		const [input, output] = files as [number, number];
		return { process: await spawnProcess(settings, entry, input, output), input, output };
	} catch (error) {
		closeMemoryFiles(files);
		throw error;
	}
}

export function closeMemoryFiles(files: readonly number[]): void {
	for (const file of files) callNative((addon) => addon.closeMemoryFile(file));
}

/** Throws if there are too few for starting a process: half-way, Node would leave those open that it has, for ever. */
function checkDescriptors(): void {
	const files: number[] = [];
	try {
		while (files.length < TAKEN_BY_START) files.push(fs.openSync(devNull, "r"));
	} catch (error) {
		throw startError(error);
	} finally {
		for (const file of files) fs.closeSync(file);
	}
}

async function spawnProcess(
	settings: SandboxSettings,
	entry: string,
	input: number,
	output: number,
): Promise<ChildProcess> {
	const { memory, outputSize, jit } = settings;
	const told: WorkerSettings = { memory, outputSize, jit };
	const flags = [`--max-old-space-size=${Math.floor(heapOf(memory) / 2 ** 20)}`];
	// By default the young generation has three of 16 MiB or more: that leaves little of little memory.
	if (memory < 2 ** 30) flags.push(`--max-semi-space-size=${Math.floor(memory / 2 ** 26)}`);
	if (!jit) flags.push("--jitless");
	// What entry.cts does; Node 22 has it behind this before 22.12.
	const { require_module }: { readonly require_module?: boolean } = process.features;
	if (require_module !== true) flags.push("--experimental-require-module");
	const stdio: ("ignore" | "pipe" | number)[] = ["ignore", "ignore", "pipe"];
	stdio[PIPE] = "pipe";
	stdio[INPUT] = input;
	stdio[OUTPUT] = output;
	const env = { NODE_NO_WARNINGS: "1", UV_USE_IO_URING: "0", UV_THREADPOOL_SIZE: "2", ...passedOn() };
	try {
		const started = spawn(process.execPath, [...flags, entry, JSON.stringify(told)], {
			stdio,
			cwd: "/",
			env,
		});
		// Of one that could not be started nothing is there, not even pipes, until it says so in the next tick.
		await once(started, "spawn");
		return started;
	} catch (error) {
		throw startError(error);
	}
}

/** Bytes of old space for a worker that may have so many in all. */
function heapOf(memory: number): number {
	return Math.max(memory / 4, Math.min(memory * 0.75, memory - OUTSIDE_HEAP));
}

function passedOn(): Record<string, string> {
	const found: Record<string, string> = {};
	for (const name of PASSED_ON) {
		const value = process.env[name];
		if (value !== undefined) found[name] = value;
	}
	return found;
}
