import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { mkdir, open, readdir, unlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { bytesToName } from "../src/names.ts";
import { Tree } from "../src/tree.ts";
import { type WriteImageOptions, writeImage } from "../src/write.ts";
import { LIB, runNode } from "./support/child.ts";
import { manyFiles } from "./support/many-files.ts";
import { useTemporaryFolder } from "./support/temporary.ts";

const temporary = useTemporaryFolder();
const tree = manyFiles(50);
let expected: Buffer;

beforeAll(async () => {
	expected = Buffer.from((await writeImage(tree)).image);
});

const write = (to: WriteImageOptions["to"]) => writeImage(tree, { to });

const expectImage = (file: string | Buffer) => expect(readFileSync(file).equals(expected)).toBe(true);

describe("a path", () => {
	test.each<[string, (file: string) => WriteImageOptions["to"]]>([
		["a string", (file) => file],
		["a relative string", (file) => path.relative(process.cwd(), file)],
		["bytes", (file) => Buffer.from(file)],
		["a file: URL", (file) => pathToFileURL(file)],
	])("as %s", async (_title, form) => {
		const { image, size } = await write(form(temporary("image")));
		expect(image).toBeUndefined();
		expect(size).toBe(expected.length);
		expectImage(temporary("image"));
		expect(await readdir(temporary())).toEqual(["image"]);
	});

	test("without a flush", async () => {
		await writeFile(temporary("image"), "old");
		await writeImage(tree, { to: temporary("image"), flush: false });
		expectImage(temporary("image"));
		expect(await readdir(temporary())).toEqual(["image"]);
	});

	test("that is not UTF-8", async () => {
		const file = Buffer.concat([Buffer.from(temporary("/")), Uint8Array.of(0xff)]);
		await write(file);
		expectImage(file);
		const names = await readdir(temporary(), { encoding: "buffer" });
		expect(names.map((name) => bytesToName(name as Uint8Array))).toEqual(["\udcff"]);
	});

	test("makes a file as others are made: less the umask, of one name", async () => {
		await writeFile(temporary("other"), "");
		await write(temporary("image"));
		const { mode, nlink } = statSync(temporary("image"));
		expect([mode, nlink]).toEqual([statSync(temporary("other")).mode, 1]);
	});

	test("replaces what is there, whole: who has the old file open still has it", async () => {
		await writeFile(temporary("image"), "old");
		const old = await open(temporary("image"));
		await write(temporary("image"));
		expectImage(temporary("image"));
		expect(await old.readFile("utf8")).toBe("old");
		await old.close();
		expect(await readdir(temporary())).toEqual(["image"]);
	});

	test("that is a symlink replaces what it names", async () => {
		await mkdir(temporary("folder"));
		await writeFile(temporary("folder", "image"), "old");
		symlinkSync("folder/image", temporary("link"));
		await write(temporary("link"));
		expect(lstatSync(temporary("link")).isSymbolicLink()).toBe(true);
		expectImage(temporary("folder", "image"));
		expect(await readdir(temporary("folder"))).toEqual(["image"]);
	});
});

describe("a path that cannot be written", () => {
	test.each([
		["a missing folder", "none/image", "ENOENT", "open"],
		["a file as folder", "file/image", "ENOTDIR", "open"],
		["a folder", "folder", "EISDIR", "open"],
		["a name that is too long", "n".repeat(256), "ENAMETOOLONG", "rename"],
	])("%s", async (_title, name, code, syscall) => {
		await mkdir(temporary("folder"));
		await writeFile(temporary("file"), "");
		const to = temporary(name);
		await expect(write(to)).rejects.toMatchObject({ name: "ComposefsError", code, syscall, path: to });
		expect(await readdir(temporary())).toEqual(["file", "folder"]);
		expect(await readdir(temporary("folder"))).toEqual([]);
	});

	test("bug: to a socket, it was waited for ever", async () => {
		const server = createServer().listen(temporary("socket"));
		await once(server, "listening");
		const refused = { name: "ComposefsError", code: "ENXIO", syscall: "open" };
		await expect(write(temporary("socket"))).rejects.toMatchObject(refused);
		server.close();
	});

	test.each<[string, unknown]>([
		["null", null],
		["a number", 1],
		["an empty string", ""],
		["a NUL", "a\0b"],
		["an object", {}],
		["an open file that is none", { fd: "1" }],
		["a descriptor beyond all numbers of them", { fd: 2 ** 32 }],
	])("%s", async (_title, to) => {
		await expect(write(to as never)).rejects.toMatchObject({ code: "ERR_COMPOSEFS_ARGUMENT" });
	});
});

describe("a failed write leaves the old file, and nothing else", () => {
	test.each<[string, Tree, object]>([
		["at the gate", new Tree({ ...new Tree().root, uid: -1 }), { rule: "uid" }],
		["in the addon", withBadDigest(), { rule: "digest", path: "/f" }],
	])("%s", async (_title, broken, error) => {
		await writeFile(temporary("image"), "old");
		for (const name of ["image", "new"])
			await expect(writeImage(broken, { to: temporary(name) })).rejects.toMatchObject(error);
		expect(await readdir(temporary())).toEqual(["image"]);
		expect(readFileSync(temporary("image"), "utf8")).toBe("old");
	});

	function withBadDigest(): Tree {
		const broken = new Tree();
		broken.writeFile("/f", { size: 1, digest: "x".repeat(64) });
		return broken;
	}
});

describe("an open file", () => {
	test("is written from where it stands, and stays open", async () => {
		const handle = await open(temporary("file"), "w+");
		await handle.write("head");
		await write(handle);
		await handle.write("tail");
		await handle.close();
		const written = readFileSync(temporary("file"));
		expect(written.equals(Buffer.concat([Buffer.from("head"), expected, Buffer.from("tail")]))).toBe(true);
	});

	test("may be closed while it is written", async () => {
		const handle = await open(temporary("file"), "w");
		const writing = write(handle);
		await handle.close();
		await writing;
		expectImage(temporary("file"));
	});

	test("that is closed is refused", async () => {
		const handle = await open(temporary("file"), "w");
		await handle.close();
		await expect(write(handle)).rejects.toMatchObject({ code: "EBADF" });
	});

	test("that is read-only is refused", async () => {
		await writeFile(temporary("file"), "old");
		const handle = await open(temporary("file"), "r");
		await expect(write(handle)).rejects.toMatchObject({ code: "EBADF", syscall: "write" });
		await handle.close();
		expect(readFileSync(temporary("file"), "utf8")).toBe("old");
	});
});

describe("what is no regular file", () => {
	test("a device is written to, not replaced", async () => {
		await write("/dev/null");
		expect(lstatSync("/dev/null").isCharacterDevice()).toBe(true);
	});

	test("bug: a link in /proc to a file without a name was taken for one, and got a file beside it", async () => {
		const handle = await open(temporary("file"), "w+");
		await handle.writeFile("x".repeat(1_000_000));
		await unlink(temporary("file"));
		await write(`/proc/self/fd/${handle.fd}`);
		const { buffer, bytesRead } = await handle.read(Buffer.alloc(1_000_000), 0, 1_000_000, 0);
		expect(buffer.subarray(0, bytesRead).equals(expected)).toBe(true);
		await handle.close();
		expect(await readdir(temporary())).toEqual([]);
	});

	test("a full device", async () => {
		await expect(write("/dev/full")).rejects.toMatchObject({
			code: "ENOSPC",
			syscall: "write",
			path: "/dev/full",
			message: "ENOSPC: no space left on device, write '/dev/full'",
		});
		expect(lstatSync("/dev/full").isCharacterDevice()).toBe(true);
	});

	test("a named pipe, by path", async () => {
		spawnSync("mkfifo", [temporary("pipe")]);
		const reader = spawn("sha256sum", [temporary("pipe")], { stdio: ["ignore", "pipe", "inherit"] });
		const printed = text(reader.stdout);
		await write(temporary("pipe"));
		expect((await printed).slice(0, 64)).toBe(sha256(expected));
		expect(lstatSync(temporary("pipe")).isFIFO()).toBe(true);
	});

	test("a pipe that nobody reads any more", async () => {
		spawnSync("mkfifo", [temporary("pipe")]);
		const reader = spawn("head", ["-c", "1", temporary("pipe")], { stdio: "ignore" });
		const big = manyFiles(20_000);
		await expect(writeImage(big, { to: temporary("pipe") })).rejects.toMatchObject({
			code: "EPIPE",
			syscall: "write",
		});
		reader.kill();
	});

	function sha256(bytes: Buffer): string {
		return spawnSync("sha256sum", { input: bytes, encoding: "utf8" }).stdout.slice(0, 64);
	}
});

test("bug: a relative path was that of whatever folder the process was in at the end", () => {
	const program = `
		const { writeImage, Tree } = await import(${JSON.stringify(`${LIB}/index.js`)});
		const written = writeImage(new Tree(), { to: "image" });
		process.chdir("other");
		await written;`;
	mkdirSync(temporary("other"));
	const result = runNode(["--input-type=module", "-e", program], { cwd: temporary() });
	expect(result).toEqual({ ended: 0, stdout: "", stderr: "" });
	expect(existsSync(temporary("image"))).toBe(true);
	expect(existsSync(temporary("other/image"))).toBe(false);
});

test("nothing is opened for a tree that is refused", async () => {
	const to = temporary("image");
	await expect(writeImage(new Tree(null as never), { to })).rejects.toMatchObject({ rule: "root" });
	expect(existsSync(to)).toBe(false);
});
