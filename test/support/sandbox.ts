/** Sandboxes whose workers have operations that try what none should do: test/fixtures/sandbox-worker.cjs. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { native } from "../../src/native.ts";
import type { SandboxChild } from "../../src/sandbox/child.ts";
import { checkSandboxOptions, type SandboxOptions, type SandboxSettings } from "../../src/sandbox/options.ts";
import { describeIf, findProgram, projectRoot } from "./needs.ts";

// An addon with a sanitizer in it is loaded here. Workers have memory for a plain one only, and are not preloaded with it.
if (process.env.LD_PRELOAD?.includes("asan")) {
	native();
	delete process.env.COMPOSEFS_PREBUILD;
}

const fixtures = path.join(projectRoot, "test/fixtures");

export type WorkerEntry =
	| "sandbox-worker"
	| "sandbox-worker-heir"
	| "sandbox-worker-landlock"
	| "sandbox-worker-open";

export function entryOf(worker: WorkerEntry): string {
	return path.join(fixtures, `${worker}.cjs`);
}

export function settingsOf(options: SandboxOptions = {}): SandboxSettings {
	return checkSandboxOptions({ workers: 1, ...options });
}

/** Compiles what only tests may do; nothing if it is there. Suites may do it at the same time. */
export function buildSyscalls(): void {
	const source = path.join(fixtures, "syscall.cc");
	const folder = path.join(projectRoot, "build/test");
	const built = path.join(folder, "syscall.node");
	if (existsSync(built) && statSync(built).mtimeMs > statSync(source).mtimeMs) return;
	mkdirSync(folder, { recursive: true });
	const include = path.join(projectRoot, "node_modules/node-api-headers/include");
	const unfinished = `${built}.${process.pid}`;
	const flags = ["-std=c++20", "-shared", "-fPIC", "-DNODE_GYP_MODULE_NAME=syscall", "-I", include];
	execFileSync(process.env.CXX ?? "g++", [...flags, source, "-o", unfinished]);
	renameSync(unfinished, built);
}

interface Kernel {
	readonly seccomp: boolean;
	readonly landlock: boolean;
}

/** What this kernel would let a process do to itself, asked by calls that change nothing. No word of the addon's. */
function askKernel(): Kernel {
	buildSyscalls();
	const loaded = { exports: {} as { call(...words: number[]): number } };
	process.dlopen(loaded, path.join(projectRoot, "build/test/syscall.node"));
	const { call } = loaded.exports;
	const TSYNC_FILTER = [1, 1] as const;
	const [seccomp, landlock] = process.arch === "arm64" ? [277, 444] : [317, 444];
	return {
		// It looks at the filter, which is nowhere, only where it would take one.
		seccomp: call(seccomp, ...TSYNC_FILTER, 0) === -os.constants.errno.EFAULT,
		landlock: call(landlock, 0, 0, 1) > 0,
	};
}

const compiler = findProgram(process.env.CXX ?? "g++");
const kernel = compiler === undefined ? undefined : askKernel();
export const canLock: true | undefined = kernel?.seccomp || undefined;
export const canLandlock: true | undefined = kernel?.landlock || undefined;
export const CANNOT_LOCK = "needs g++, and seccomp, which some containers refuse";

/** A suite of workers that are locked up. */
export function describeLocked(title: string, body: () => void): void {
	describeIf(title, canLock, CANNOT_LOCK, body);
}

/** Runs an operation that gives one JSON value. */
export async function ask(child: SandboxChild, operation: string, options: object = {}): Promise<unknown> {
	const [answer] = await child.run({ operation, options, feed: async () => undefined, signal: undefined });
	return JSON.parse(String(answer));
}

/** What this process has open, and which processes it has started. */
export function resources(): { descriptors: number; children: string[] } {
	const tasks = readdirSync("/proc/self/task");
	const children = tasks.flatMap((task) =>
		readFileSync(`/proc/self/task/${task}/children`, "latin1").split(" ").filter(Boolean),
	);
	return { descriptors: readdirSync("/proc/self/fd").length, children };
}

/** Fields of /proc/PID/task/*\/status, as a set of the values that its threads have. */
export function statusOf(pid: number, field: string): string[] {
	const found = readdirSync(`/proc/${pid}/task`).map((task) => {
		const text = readFileSync(`/proc/${pid}/task/${task}/status`, "latin1");
		return new RegExp(`^${field}:\\s+(.*)$`, "m").exec(text)?.[1] ?? "";
	});
	return [...new Set(found)];
}
