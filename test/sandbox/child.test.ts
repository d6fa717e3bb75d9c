import { readFileSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { SandboxChild } from "../../src/sandbox/child.ts";
import { encodeFrame, MAX_FRAME } from "../../src/sandbox/frames.ts";
import { ask, describeLocked, entryOf, resources, settingsOf } from "../support/sandbox.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const temporary = useTemporaryFolder();
const MEMORY = 2 ** 28;
const OUTPUT = 2 ** 24;
const start = (options = {}) =>
	SandboxChild.start(
		settingsOf({ memory: MEMORY, outputSize: OUTPUT, ...options }),
		entryOf("sandbox-worker"),
	);

describeLocked("a worker", () => {
	let child: SandboxChild;
	beforeEach(async () => {
		child = await start();
	});
	afterEach(() => child.stop());

	const echo = async (text: string): Promise<string> => {
		const feed = async ({ write }: { write(bytes: Uint8Array): void }) => write(Buffer.from(text));
		const [answer] = await child.run({ operation: "echo", options: {}, feed, signal: undefined });
		return String(answer);
	};

	test("serves one request after another, and none finds what the one before has left", async () => {
		expect(await echo("a long text")).toBe("a long text");
		expect(await echo("text")).toBe("text");
		expect(await echo("")).toBe("");
		expect(child.served).toBe(3);
	});

	test("finds nothing in its files of the request before", async () => {
		await echo("a long text");
		expect(await ask(child, "sizes")).toEqual([0, 0]);
	});

	test("is not asked for what is aborted when all of its input is there", async () => {
		const controller = new AbortController();
		const reason = new Error("enough");
		const feed = async () => controller.abort(reason);
		const run = child.run({ operation: "exit", options: {}, feed, signal: controller.signal });
		await expect(run).rejects.toBe(reason);
		expect(await echo("still there")).toBe("still there");
	});

	test("has nothing open but what it was given, and its event loop", async () => {
		expect(await ask(child, "descriptors")).toEqual(expect.arrayContaining([0, 1, 2, 3, 4, 5]));
		expect(((await ask(child, "descriptors")) as number[]).length).toBeLessThan(30);
	});

	test("an error of an operation is its own, and the worker goes on", async () => {
		await expect(ask(child, "dump-from-image")).rejects.toMatchObject({ code: "ERR_COMPOSEFS_IMAGE" });
		await expect(ask(child, "no such operation")).rejects.toMatchObject({ code: "ERR_COMPOSEFS_ARGUMENT" });
		expect(await echo("still there")).toBe("still there");
	});

	test("input above its limit is refused before it is sent", async () => {
		const small = await start({ inputSize: 10 });
		const run = small.run({
			operation: "echo",
			options: {},
			feed: async ({ write }) => write(Buffer.alloc(11)),
			signal: undefined,
		});
		await expect(run).rejects.toMatchObject({ code: "ERR_COMPOSEFS_BLOB", rule: "input-size", limit: 10 });
		expect(await ask(small, "descriptors")).toBeDefined();
		await small.stop();
	});

	const dies = async (operation: string, options: object, expected: object) => {
		await expect(ask(child, operation, options)).rejects.toMatchObject({
			name: "ComposefsError",
			code: "ERR_COMPOSEFS_SANDBOX",
			...expected,
		});
		expect(child.isOver).toBe(true);
		await expect(ask(child, "echo")).rejects.toMatchObject({ code: "ERR_COMPOSEFS_SANDBOX" });
	};

	test("a crash is a rejected promise", () =>
		dies(
			"native",
			{ name: "crash" },
			{ rule: "crash", message: "the worker of a sandbox ended by SIGSEGV" },
		));
	test("so is an exit", () =>
		dies("exit", {}, { rule: "crash", message: "the worker of a sandbox ended by exit code 7" }));
	test("so is an error that none of this package's functions throws", () =>
		dies("fail", { message: "no" }, { rule: "crash", message: "Error: no" }));
	test("too much of V8's memory", () => dies("fill the heap", {}, { rule: "memory", limit: MEMORY }), 60_000);
	test("too much memory of Buffers", () => dies("fill buffers", {}, { rule: "memory", limit: MEMORY }));
	test("too much output", () =>
		dies("write too much", { size: OUTPUT + 1 }, { rule: "output", limit: OUTPUT }));
	test("native memory has the same limit", async () => {
		const blocks = (await ask(child, "native", { name: "fill" })) as number;
		expect(blocks * 2 ** 24).toBeLessThan(MEMORY);
	});

	test("a request that takes too long", async () => {
		const slow = await start({ timeout: 300 });
		const begun = performance.now();
		await expect(ask(slow, "hang")).rejects.toMatchObject({ rule: "timeout", limit: 300 });
		expect(performance.now() - begun).toBeLessThan(10_000);
	});

	test("an aborted request", async () => {
		const controller = new AbortController();
		const reason = new Error("enough");
		const run = child.run({
			operation: "hang",
			options: {},
			feed: async () => undefined,
			signal: controller.signal,
		});
		setTimeout(() => controller.abort(reason), 50);
		await expect(run).rejects.toBe(reason);
		expect(child.isOver).toBe(true);
	});
});

describeLocked("a worker that was taken over", () => {
	const huge = Buffer.alloc(4);
	huge.writeUInt32LE(MAX_FRAME + 1);
	const SAYS: readonly [what: string, bytes: Buffer][] = [
		["a frame above the limit", huge],
		["what is not JSON", Buffer.from("03000000616263", "hex")],
		["what is not UTF-8", Buffer.from("03000000fffefd", "hex")],
		["no object", encodeFrame([1])],
		["null", encodeFrame(null)],
		["nothing in an object", encodeFrame({})],
	];
	const REPLIES: readonly [what: string, frame: object][] = [
		["another request's number", { id: 99, parts: [] }],
		["more output than there is", { id: 1, parts: [2 ** 40] }],
		["a size below 0", { id: 1, parts: [-1] }],
		["a size that is no number", { id: 1, parts: ["1"] }],
		["more parts than there can be", { id: 1, parts: new Array(100).fill(0) }],
		["parts that are no list", { id: 1, parts: { length: 1 } }],
		["an error without a code", { id: 1, error: {} }],
		["an error with a code of its own", { id: 1, error: { code: "constructor", message: "" } }],
		["an error with a message that is none", { id: 1, error: { code: "EIO", message: {} } }],
		["an error with a path that is none", { id: 1, error: { code: "EIO", message: "", path: {} } }],
		["an error with an endless message", { id: 1, error: { code: "EIO", message: "m".repeat(20_000) } }],
	];

	let child: SandboxChild;
	beforeEach(async () => {
		writeFileSync(temporary("secret"), "untouched");
		child = await start();
	});
	afterEach(async () => {
		expect(readFileSync(temporary("secret"), "utf8")).toBe("untouched");
		await child.stop();
	});

	const refused = { code: "ERR_COMPOSEFS_SANDBOX", rule: "protocol" };

	test.each(SAYS)("says %s", async (_what, bytes) => {
		await expect(ask(child, "say", { hex: bytes.toString("hex") })).rejects.toMatchObject(refused);
		expect(child.isOver).toBe(true);
	});

	test.each(REPLIES)("replies with %s", async (_what, frame) => {
		await expect(ask(child, "reply", { frame })).rejects.toMatchObject(refused);
		expect(child.isOver).toBe(true);
	});

	test("an error's fields are taken one by one", async () => {
		const error = { code: "EIO", message: "m", stack: "s", name: "n", toString: "t", errno: -5, limit: null };
		const text = JSON.stringify({ id: 1, error }).replace('"name"', '"__proto__"');
		const thrown = (await ask(child, "reply", { frame: JSON.parse(text) }).catch(
			(reason) => reason,
		)) as Error;
		expect({ ...thrown }).toEqual({ code: "EIO", name: "ComposefsError", errno: -5 });
		expect(thrown.stack).toContain("reply.ts");
	});

	test("says without end what nobody asked for", async () => {
		await expect(ask(child, "chatter")).rejects.toMatchObject(refused);
	});

	test("says more than it was asked for", async () => {
		await child.run({ operation: "say more", options: {}, feed: async () => undefined, signal: undefined });
		while (!child.isOver) await new Promise((resolve) => setTimeout(resolve, 10));
		await expect(ask(child, "echo")).rejects.toMatchObject(refused);
	});

	test("writes into the input and behind the output: the next request finds nothing of it", async () => {
		await child.run({
			operation: "write into the input",
			options: {},
			feed: async () => undefined,
			signal: undefined,
		});
		const [answer] = await child.run({
			operation: "echo",
			options: {},
			feed: async ({ write }) => write(Buffer.from("clean")),
			signal: undefined,
		});
		expect(String(answer)).toBe("clean");
	});
});

describeLocked("starting", () => {
	test("fails where the kernel lacks what is required", async () => {
		const settings = settingsOf();
		const error = await SandboxChild.start(settings, entryOf("sandbox-worker-landlock")).catch(
			(reason) => reason,
		);
		expect(error).toMatchObject({ code: "ERR_COMPOSEFS_UNSUPPORTED", rule: "seccomp" });
		const strict = settingsOf({ require: ["landlock"] });
		await expect(SandboxChild.start(strict, entryOf("sandbox-worker-open"))).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_UNSUPPORTED",
			rule: "landlock",
		});
	});

	test("fails in words where there is no program", async () => {
		await expect(SandboxChild.start(settingsOf(), temporary("none.cjs"))).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_SANDBOX",
			rule: "crash",
			message: "the worker of a sandbox ended by exit code 1",
		});
	});

	test("and ending leave no process and no descriptor", async () => {
		const round = async (operation: string) => {
			const child = await start({ timeout: 200 });
			await ask(child, operation).catch(() => undefined);
			await child.stop();
		};
		await round("echo");
		const before = resources();
		for (const operation of ["echo", "exit", "hang", "native", "write into the input"])
			await round(operation);
		await SandboxChild.start(settingsOf(), entryOf("sandbox-worker-landlock")).catch(() => undefined);
		expect(resources()).toEqual(before);
	});
});

test("bug: a worker that has ended was waited for while somebody else had its pipes", async () => {
	const child = await SandboxChild.start(settingsOf(), entryOf("sandbox-worker-heir"));
	await expect(ask(child, "echo")).rejects.toMatchObject({ rule: "crash" });
	await child.stop();
	expect(child.isOver).toBe(true);
}, 10_000);
