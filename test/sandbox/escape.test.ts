import { existsSync, readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { SandboxChild } from "../../src/sandbox/child.ts";
import { describeIf } from "../support/needs.ts";
import {
	ask,
	canLandlock,
	describeLocked,
	entryOf,
	settingsOf,
	statusOf,
	type WorkerEntry,
} from "../support/sandbox.ts";

// What code that has taken a worker over could try. Each attempt is first made by a worker that is not locked, so
// that a refusal says something.

const start = (worker: WorkerEntry, options = {}) =>
	SandboxChild.start(settingsOf({ require: [], ...options }), entryOf(worker));

describeLocked("through node", () => {
	const FILES = ["read a file", "read a file on another thread", "look at a file", "list a folder"];
	const REFUSED = [
		...FILES,
		"write a file",
		"remove a file",
		"start a program",
		"start a thread of its own",
		"connect",
		"connect to a socket file",
		"listen",
		"resolve a name",
		"send a signal",
	];
	/** A name cannot be resolved where nothing can be read or asked. */
	const MADE_OF_EPERM = ["EAI_AGAIN", "ENOTFOUND", "EAI_FAIL", "EAI_SYSTEM", "ERR_WORKER_INIT_FAILED"];
	let locked: SandboxChild;
	let open: SandboxChild;

	beforeAll(async () => {
		[locked, open] = await Promise.all([start("sandbox-worker"), start("sandbox-worker-open")]);
	});
	afterAll(async () => {
		await Promise.all([locked.stop(), open.stop()]);
	});

	test.each(FILES)("a worker that is not locked can %s", async (name) => {
		const answer = await ask(open, "attempt", { name });
		expect(answer === "done" || typeof answer === "object").toBe(true);
	});

	test.each(REFUSED)("%s: refused", async (name) => {
		const answer = await ask(locked, "attempt", { name });
		expect(["EPERM", "EACCES", ...MADE_OF_EPERM]).toContain(answer);
	});

	test("all threads are under it", () => {
		expect(statusOf(locked.pid, "Seccomp")).toEqual(["2"]);
		expect(statusOf(locked.pid, "NoNewPrivs")).toEqual(["1"]);
		// A container may have a filter of its own.
		expect(statusOf(open.pid, "Seccomp")).toEqual(statusOf(process.pid, "Seccomp"));
	});

	test("nothing was written", () => expect(existsSync("/tmp/composefs-sandbox-was-here")).toBe(false));
});

describeIf("Landlock alone", canLandlock, "needs Landlock", () => {
	test("no file, on no thread of libuv's, and no program", async () => {
		const child = await start("sandbox-worker-landlock");
		expect(child.enforced.landlock).toBeGreaterThan(0);
		const attempts = [
			"read a file",
			"read a file on another thread",
			"list a folder",
			"write a file",
			"start a program",
		];
		for (const name of attempts)
			expect([name, await ask(child, "attempt", { name })]).toEqual([name, "EACCES"]);
		await child.stop();
	});
});

/** Numbers of x86-64 and of arm64; the filter knows both by name. */
const CALLS: readonly [name: string, x64: number, arm64: number, ...rest: (number | string)[]][] = [
	["openat", 257, 56, -100, "/etc/hostname", 0],
	["openat2", 437, 437, -100, "/etc/hostname", 0, 0],
	["newfstatat", 262, 79, -100, "/etc/hostname", 0, 0x1000],
	["readlinkat", 267, 78, -100, "/proc/self/exe", 0, 0],
	["name_to_handle_at", 303, 264, -100, "/etc", 0, 0, 0],
	["socket", 41, 198, 2, 1, 0],
	["socketpair", 53, 199, 1, 1, 0, 0],
	["kill", 62, 129, 1, 0],
	["tgkill", 234, 131, 1, 1, 0],
	["prlimit64", 302, 261, 0, 9, 0, 0],
	["setrlimit", 160, 164, 2, 0],
	["prctl", 157, 167, 1, 0],
	["seccomp", 317, 277, 2, 0, 0],
	["ftruncate", 77, 46, 5, 0],
	["fallocate", 285, 47, 5, 0, 0, 1 << 20],
	["recvmsg", 47, 212, 3, 0, 0],
	["sendmsg", 46, 211, 3, 0, 0],
	["clone without a thread", 56, 220, 17, 0, 0, 0, 0],
	["clone into a namespace", 56, 220, 0x3d0f00 | 0x40000000, 0, 0, 0, 0],
	["mmap of a file as code", 9, 222, 0, 4096, 5, 2, 4, 0],
	["fcntl F_SETOWN", 72, 25, 3, 8, 1],
	["fcntl F_ADD_SEALS", 72, 25, 4, 1033, 0xf],
	["ioctl TIOCSTI", 16, 29, 3, 0x5412, 0],
	["shmget", 29, 194, 0, 4096, 0o1600],
	["inotify_init1", 294, 26, 0],
	["bug: clone of threads without end", 56, 220, 0x3d0f00, 0, 0, 0, 0],
	["clone3", 435, 435, 0, 0],
	["io_uring_enter, for the rings of the event loop", 426, 426, 7, 1, 0, 0, 0, 0],
	["io_uring_register", 427, 427, 7, 0, 0, 0],
	["bug: mmap of shared memory, which counts for no limit", 9, 222, 0, 4096, 3, 0x21, -1, 0],
	["bug: mmap of memory that grows as stacks do, which neither does", 9, 222, 0, 4096, 3, 0x122, -1, 0],
	["bug: madvise MADV_HWPOISON, by which root takes pages from the machine", 28, 233, 0, 0, 100],
	["madvise MADV_SOFT_OFFLINE", 28, 233, 0, 0, 101],
];
const DEADLY: readonly [name: string, x64: number, arm64: number, ...rest: (number | string)[]][] = [
	["execve", 59, 221, "/bin/true", 0, 0],
	["execveat", 322, 281, -100, "/bin/true", 0, 0, 0],
	["mount", 165, 40, "none", "/mnt", "tmpfs", 0, 0],
	["umount2", 166, 39, "/", 2],
	["ptrace", 101, 117, 16, 1, 0, 0],
	["process_vm_readv", 310, 270, 1, 0, 0, 0, 0, 0],
	["unshare", 272, 97, 0x10000000],
	["setns", 308, 268, 3, 0],
	["bpf", 321, 280, 0, 0, 0],
	["io_uring_setup", 425, 425, 1, 0],
	["memfd_create", 319, 279, "m", 0],
	["pidfd_open", 434, 434, 1, 0],
	["keyctl", 250, 219, 0, 0, 0, 0, 0],
	["userfaultfd", 323, 282, 0],
];
const isArm = process.arch === "arm64";

describeLocked("by system calls", () => {
	let child: SandboxChild;
	beforeEach(async () => {
		child = await start("sandbox-worker");
	});
	afterEach(() => child.stop());

	const EPERM = 1;

	test("what is not allowed fails", async () => {
		for (const [name, x64, arm64, ...rest] of CALLS)
			expect([name, await ask(child, "syscall", { call: [isArm ? arm64 : x64, ...rest] })]).toEqual([
				name,
				-EPERM,
			]);
	});

	test.each(DEADLY)("%s ends the worker, and nothing else", async (_name, x64, arm64, ...rest) => {
		const died = ask(child, "syscall", { call: [isArm ? arm64 : x64, ...rest] });
		await expect(died).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_SANDBOX",
			rule: "crash",
			message: "the worker of a sandbox ended by SIGSYS",
		});
	});

	if (!isArm) {
		test.each([
			["fork", 57],
			["vfork", 58],
		])("%s ends the worker", async (_name, number) => {
			await expect(ask(child, "syscall", { call: [number] })).rejects.toMatchObject({ rule: "crash" });
		});

		test("calls of other ABIs end the worker", async () => {
			await expect(ask(child, "native", { name: "foreign" })).rejects.toMatchObject({ rule: "crash" });
			const other = await start("sandbox-worker");
			await expect(ask(other, "syscall", { call: [0x40000000 | 39] })).rejects.toMatchObject({
				rule: "crash",
			});
			await other.stop();
		});
	}

	test("without a compiler, memory never becomes code", async () => {
		const mprotect = isArm ? 226 : 10;
		const mmap = isArm ? 222 : 9;
		const strict = await start("sandbox-worker", { jit: false });
		expect(await ask(strict, "syscall", { call: [mmap, 0, 4096, 7, 0x22, -1, 0] })).toBe(-EPERM);
		expect(await ask(strict, "syscall", { call: [mprotect, 0, 0, 7] })).toBe(-EPERM);
		await strict.stop();
	});
});

describeLocked("limits of the process", () => {
	test("are those of the sandbox, and nothing of it can be dumped", async () => {
		// With a compiler, what V8 reserves for code comes on top.
		const child = await start("sandbox-worker", { memory: 2 ** 28, outputSize: 2 ** 20, jit: false });
		const limits = readFileSync(`/proc/${child.pid}/limits`, "latin1");
		await child.stop();
		const of = (name: string) => new RegExp(`^${name}\\s+(\\S+)\\s+(\\S+)`, "m").exec(limits)?.slice(1);
		expect(of("Max data size")).toEqual([String(2 ** 28), String(2 ** 28)]);
		expect(
			of("Max stack size")
				?.map(Number)
				.every((bytes) => bytes <= 2 ** 23),
		).toBe(true);
		expect(of("Max file size")).toEqual([String(2 ** 20), String(2 ** 20)]);
		expect(of("Max core file size")).toEqual(["0", "0"]);
		expect(of("Max open files")).toEqual(["64", "64"]);
	});
});
