import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import {
	EXIT,
	ExitStatus,
	fail,
	interruptible,
	isUnverified,
	readingOf,
	UsageError,
	verifying,
} from "../../src/cli/exit.ts";
import { ComposefsError } from "../../src/errors.ts";

let said: string[];

beforeEach(() => {
	said = [];
	jest.spyOn(console, "error").mockImplementation((text) => said.push(String(text)));
});
afterEach(() => {
	jest.restoreAllMocks();
});

describe("fail", () => {
	test("expected errors are one line", () => {
		expect(fail(new ComposefsError("ERR_COMPOSEFS_DUMP", "line 3: no"))).toBe(EXIT.failure);
		expect(fail(Object.assign(new Error("ENOENT: no file"), { syscall: "open" }))).toBe(EXIT.failure);
		expect(fail(new UsageError("no image"))).toBe(EXIT.usage);
		expect(said).toEqual(["composefs: line 3: no", "composefs: ENOENT: no file", "composefs: no image"]);
	});

	test("bug: names from outside moved the cursor of a terminal, or filled it", () => {
		fail(new ComposefsError("ERR_COMPOSEFS_OCI", "\u001b[2Jevil\u0007\u202e\udc9b\n: no"));
		expect(said).toEqual(["composefs: ?[2Jevil????: no"]);
		fail(new ComposefsError("ERR_COMPOSEFS_OCI", "x".repeat(1_000_000)));
		expect(said[1]).toHaveLength(10_012);
	});

	test("a bug of ours comes with its stack", () => {
		expect(fail(new TypeError("x is not a function"))).toBe(EXIT.failure);
		expect(said[0]).toMatch(/TypeError: x is not a function\n +at /);
	});
});

test("what went wrong first counts where something else fails on the way out", async () => {
	const first = new ComposefsError("ERR_COMPOSEFS_DIGEST", "another digest");
	// As TypeScript's `await using` has it.
	const both = Object.assign(new Error(), {
		name: "SuppressedError",
		error: new Error("EIO"),
		suppressed: first,
	});
	const ended = await verifying(Promise.reject(both)).catch((reason) => reason);
	expect([(ended as ExitStatus).status, said]).toEqual([
		EXIT.verificationFailed,
		["composefs: another digest"],
	]);
});

describe("interruptible", () => {
	test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s aborts, and is silent", async (signal) => {
		const run = interruptible(async (abort) => {
			process.emit(signal);
			abort.throwIfAborted();
		});
		const error = await run.catch((reason) => reason);
		expect(fail(error)).toBe(EXIT.interrupted);
		expect(said).toEqual([]);
	});

	test("leaves no listeners behind", async () => {
		const before = process.listenerCount("SIGINT");
		await interruptible(async () => undefined);
		expect(process.listenerCount("SIGINT")).toBe(before);
	});
});

describe("verifying", () => {
	const statusOf = async (error: unknown) => {
		const ended = await verifying(Promise.reject(error)).catch((reason) => reason);
		return (ended as ExitStatus).status;
	};

	test("ends with 3 where bytes are not what they should be, else as everything does", async () => {
		expect(await verifying(Promise.resolve(1))).toBe(1);
		expect(await statusOf(new ComposefsError("ERR_COMPOSEFS_DIGEST", "wrong"))).toBe(EXIT.verificationFailed);
		expect(await statusOf(new ComposefsError("ERR_COMPOSEFS_BLOB", "short", { rule: "blob-size" }))).toBe(3);
		expect(await statusOf(new ComposefsError("ERR_COMPOSEFS_BLOB", "cut", { rule: "truncated" }))).toBe(1);
		expect(await statusOf(new ComposefsError("ERR_COMPOSEFS_ARGUMENT", "no"))).toBe(EXIT.usage);
		expect(await statusOf(new ExitStatus(7))).toBe(7);
		expect(said).toHaveLength(4);
	});
});

describe("readingOf", () => {
	test("an error keeps its fields, so that the exit status is the same", async () => {
		const error = new ComposefsError("ERR_COMPOSEFS_BLOB", "short", { rule: "blob-size", offset: 4 });
		const named = await readingOf("a.cfs", Promise.reject(error)).catch((reason) => reason);
		expect(named).toMatchObject({ message: "a.cfs: short", rule: "blob-size", offset: 4, cause: error });
		expect(isUnverified(named)).toBe(true);
	});

	test("an error names the image, once", async () => {
		const messageOf = async (message: string, path?: string) => {
			const failing = Promise.reject(
				new ComposefsError("ERR_COMPOSEFS_IMAGE", message, path ? { path } : {}),
			);
			return (await readingOf("a.cfs", failing).catch((error) => error)).message;
		};
		expect(await messageOf("offset 0: it is none")).toBe("a.cfs: offset 0: it is none");
		const named = "ENOENT: no such file, open 'a.cfs'";
		expect(await messageOf(named, "a.cfs")).toBe(named);
		expect(await readingOf("a.cfs", Promise.resolve(1))).toBe(1);
	});
});
