import { describe, expect, test } from "@jest/globals";
import { formatDump } from "../../src/dump/format.ts";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { answering, answeringOnce, LIAR_SETTINGS, refused, useLiars } from "../support/liar.ts";

// A worker that was taken over, as this process sees it: it must survive whatever it is told.

const sandboxOf = useLiars();
const dump = formatDump(new Tree());

describe("a worker that begins", () => {
	test.each([
		["no object", "say([])"],
		["nothing", "say({})"],
		["numbers for truths", "ready({ seccomp: 1 })"],
		["texts for truths", 'ready({ noNewPrivs: "true" })'],
		["half a version", "ready({ landlock: 0.5 })"],
		["less than no version", "ready({ landlock: -1 })"],
		["an endless number", `write('{"seccomp":true,"noNewPrivs":true,"seccompError":0,"landlock":1e999}')`],
		["a reply", "say({ id: 1, parts: [] })"],
		["a frame of four gigabytes", "raw(Buffer.alloc(4, 255))"],
		["no bytes of JSON", "raw(Buffer.alloc(4))"],
		["a pipe that it closes", "fs.closeSync(PIPE)"],
		["its last words without end", "for (;;) fs.writeSync(2, image)"],
	])("with %s is refused", async (_what, lie) => {
		await expect(sandboxOf(`${lie}; hang();`)).rejects.toMatchObject(refused);
	});

	test("without what is required, by its own word, is none", async () => {
		const weak = sandboxOf("ready({ seccomp: false, seccompError: 22 }); hang();");
		await expect(weak).rejects.toMatchObject({ code: "ERR_COMPOSEFS_UNSUPPORTED", rule: "seccomp" });
	});

	test("and ends has crashed", async () => {
		await expect(sandboxOf("process.exit(0)")).rejects.toMatchObject({ rule: "crash" });
		await expect(sandboxOf("raw(Buffer.alloc(2)); process.abort()")).rejects.toMatchObject({
			rule: "crash",
			message: "the worker of a sandbox ended by SIGABRT",
		});
	});
});

/** What ends the worker that does it, and costs its request. */
const LIES: readonly [what: string, lie: string][] = [
	["no image at all", "say({ id, parts: [] })"],
	["an image that is none", "say({ id, parts: put(image.subarray(0, 31), image) })"],
	["no warnings", "say({ id, parts: put(image) })"],
	["warnings that do not end", "say({ id, parts: put(image, image) })"],
	[
		"bug: a warning as long as no path",
		'say({ id, parts: put(image, Buffer.from("a".repeat(1 << 20) + String.fromCharCode(0))) })',
	],
	["bug: more warnings than there are inodes", "say({ id, parts: put(image, Buffer.alloc(5e6)) })"],
	[
		"a file that is cut off",
		"const parts = put(image, image); fs.ftruncateSync(OUTPUT, 100); say({ id, parts })",
	],
	["more parts than there are", "put(image); say({ id, parts: [1, 1, 1, 1, 1, 1, 1, 1, 1] })"],
	["parts larger than they may be", "fs.ftruncateSync(OUTPUT, 2 ** 40); say({ id, parts: [2 ** 39, 0] })"],
	["parts that overflow", "say({ id, parts: [2 ** 53 - 1, 2 ** 53 - 1] })"],
	["parts below nothing", "say({ id, parts: [-16384, 32768] })"],
	["parts that are none", "say({ id, parts: [null, {}] })"],
	["parts that are an object", 'say({ id, parts: { length: 2, 0: 1, 1: 1, map: "m" } })'],
	["another number", "say({ id: id + 1, parts: put(image, image) })"],
	["a number as a text", "say({ id: String(id), parts: put(image, none) })"],
	["an array", "say([id, []])"],
	["a text", 'say("reply")'],
	["a frame of four gigabytes", "raw(Buffer.alloc(1 << 20, 255))"],
	["JSON that does not end", 'write("[[[[[")'],
	["a deep frame", 'write("[".repeat(65535) + "1")'],
	["a prototype", `write('{"__proto__":{"id":1,"parts":[0,0],"polluted":1}}')`],
	["an error's prototype", `write('{"id":' + id + ',"error":{"__proto__":{"code":"EIO","message":""}}}')`],
	["an error that is a text", 'say({ id, error: "EIO" })'],
	["an error that is null", "say({ id, error: null })"],
	["an error with a code of no kind", 'say({ id, error: { code: "ERR_COMPOSEFS_", message: "" } })'],
	["an error with a code and more", 'say({ id, error: { code: "EIO\\nEIO", message: "" } })'],
	["an error without words", 'say({ id, error: { code: "EIO" } })'],
	["an error with a novel", 'say({ id, error: { code: "EIO", message: "m".repeat(60000) } })'],
	["an error with a path of objects", 'say({ id, error: { code: "EIO", message: "", path: ["/"] } })'],
	[
		"bug: an error at an endless offset",
		`write('{"id":' + id + ',"error":{"code":"EIO","message":"","offset":1e999}}')`,
	],
	[
		"bug: the sandbox's end, as its own error",
		'say({ id, error: { code: "ERR_COMPOSEFS_SANDBOX", message: "", rule: "closed" } })',
	],
	["bug: a pipe that it closes", "fs.closeSync(PIPE); hang()"],
	["its last words without end", "for (;;) fs.writeSync(2, image)"],
];

describe("a worker that answers with", () => {
	test.each(LIES)("%s is refused, and replaced", async (_what, lie) => {
		const sandbox = await sandboxOf(answeringOnce(lie, "say({ id, parts: put(image, none) })"));
		const begun = performance.now();
		await expect(sandbox.writeImage({ dump })).rejects.toMatchObject(refused);
		expect((await sandbox.writeImage({ dump })).size).toBe(16384);
		expect(performance.now() - begun).toBeLessThan(LIAR_SETTINGS.timeout / 2);
	});
});

/** Dumps that are no answer to an image. */
const DUMPS: readonly [what: string, text: string][] = [
	["none", '""'],
	["what is no dump", '"/ 4096 junk\\n"'],
	["a path that leads out", 'root + "/../etc 0 40755 2 0 0 0 0.0 - - -\\n"'],
	["a name twice", 'root + (root.replace("/", "/a")).repeat(2)'],
	["a link to nothing", 'root + "/a 0 @100644 1 0 0 0 0.0 /none - -\\n"'],
	[
		"more names than it may have",
		'root + Array.from({ length: 200 }, (_, i) => root.replace("/", "/" + i)).join("")',
	],
	["names without end", "Buffer.alloc(2 ** 27, root)"],
	["binary", "Buffer.alloc(1 << 20, 255)"],
];

describe("a worker that reads an image and dumps", () => {
	test.each(DUMPS)("bug: %s was not replaced", async (_what, text) => {
		const root = 'const root = "/ 4096 40755 2 0 0 0 0.0 - - -\\n";';
		const say = (dumped: string) => `say({ id, parts: put(Buffer.from(${dumped})) })`;
		const sandbox = await sandboxOf(`${root} ${answeringOnce(say(text), say("root"))}`);
		const { image } = await writeImage(new Tree());
		const read = () => sandbox.readImage(image, { limits: { inodes: 100, xattrs: 100 } });
		await expect(read()).rejects.toMatchObject(refused);
		expect(formatDump(await read())).toBe(dump);
	});
});

describe("a worker that", () => {
	test("answers before it is asked is refused", async () => {
		const sandbox = await sandboxOf("ready(); say({ id: 1, parts: [0, 0] }); hang();");
		await expect(sandbox.writeImage({ dump })).rejects.toMatchObject(refused);
	});

	test("answers twice is replaced, and the second answer nobody's", async () => {
		const sandbox = await sandboxOf(
			answering("const parts = put(image, none); say({ id, parts }, { id: id + 1, parts: [] });"),
		);
		for (let round = 0; round < 3; round++) {
			const fate = await sandbox.writeImage({ dump }).catch((reason) => reason);
			if (fate instanceof Error) expect(fate).toMatchObject(refused);
			else expect(fate.image.toString("latin1", 0, 3)).toBe("iii");
		}
	});

	test.each([
		["stops itself", 'process.kill(process.pid, "SIGSTOP"); hang();'],
		["says nothing", "hang();"],
		["begins a frame and no more", "raw(Buffer.of(9, 0, 0, 0, 1)); hang();"],
	])("%s has as long as a request may take", async (_what, lie) => {
		const sandbox = await sandboxOf(answering(lie), { timeout: 300 });
		await expect(sandbox.writeImage({ dump })).rejects.toMatchObject({ rule: "timeout", limit: 300 });
	});

	test.each([0, 1, 137])("ends with the code %i has crashed", async (code) => {
		const sandbox = await sandboxOf(answering(`process.exit(${code})`));
		const message = `the worker of a sandbox ended by exit code ${code}`;
		await expect(sandbox.writeImage({ dump })).rejects.toMatchObject({ rule: "crash", message });
	});

	test("forges an error has that error's fields, and none that its class has not", async () => {
		const error = {
			code: "ENOENT",
			message: "\u001b[2J",
			path: "/etc/shadow",
			errno: -2,
			stack: "s",
			name: "Other",
			cause: {},
			isTrusted: true,
		};
		const sandbox = await sandboxOf(answering(`say({ id, error: ${JSON.stringify(error)} })`));
		const forged = await sandbox.writeImage({ dump }).catch((reason) => reason);
		expect({ ...forged }).toEqual({ code: "ENOENT", name: "ComposefsError", path: "/etc/shadow", errno: -2 });
		expect(forged.cause).toBeUndefined();
	});
});
