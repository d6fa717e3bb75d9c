import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { formatDump } from "../../src/dump/format.ts";
import { createSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { parseTocJson } from "../../src/toc/parse.ts";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { arbitraryTree } from "../support/arbitrary-tree.ts";
import { BROKEN_INODES } from "../support/broken-inodes.ts";
import { BROKEN_NAMES } from "../support/broken-trees.ts";
import { LIB, runModule } from "../support/child.ts";
import { manyFiles } from "../support/many-files.ts";
import { describeIf, findProgram, projectRoot } from "../support/needs.ts";
import { describeLocked, resources } from "../support/sandbox.ts";
import { expectGivenUp, stuckAfter } from "../support/stuck.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const temporary = useTemporaryFolder();

let sandbox: Sandbox;
beforeAll(async () => {
	sandbox = await createSandbox({ workers: 2 });
});
afterAll(() => sandbox.close());

describeLocked("the same functions", () => {
	test.each([
		["names", BROKEN_NAMES],
		["inodes", BROKEN_INODES],
	])("refuse the same %s, with their paths", async (_kind, cases) => {
		for (const { build, error } of cases) {
			const tree = new Tree();
			build(tree);
			await expect(sandbox.writeImage(tree)).rejects.toMatchObject({
				code: error.code,
				message: error.message,
			});
		}
	});

	test("any tree gives the same image, from the tree and from its dump, and comes back from it", async () => {
		await fc.assert(
			fc.asyncProperty(arbitraryTree(), async (tree) => {
				const expected = await writeImage(tree);
				expect(await sandbox.writeImage(tree)).toEqual(expected);
				// A dump has the tree as its image has it; what it is in a dump, a test of the dumps says.
				const back = await sandbox.readImage(expected.image);
				expect((await writeImage(back, { minVersion: expected.version })).digest).toBe(expected.digest);
			}),
			{ numRuns: 30 },
		);
	});

	test("dumps come as text, as bytes and in pieces", async () => {
		const tree = manyFiles(2000);
		const { digest } = await writeImage(tree);
		const dump = formatDump(tree);
		const pieces = async function* () {
			for (let at = 0; at < dump.length; at += 10_000) yield dump.slice(at, at + 10_000);
		};
		for (const source of [dump, Buffer.from(dump), pieces()])
			expect((await sandbox.writeImage({ dump: source })).digest).toBe(digest);
	});

	test("tables of contents, of several documents", async () => {
		const toc = ["a", "b"].map((name) =>
			JSON.stringify({
				version: 1,
				entries: [{ type: "dir", name, mode: 0o700, modtime: "2026-01-01T00:00:00Z" }],
			}),
		);
		const expected = await writeImage(await parseTocJson(toc));
		expect(await sandbox.writeImage({ toc })).toEqual(expected);
		const broken = sandbox.writeImage({ toc: ["{"] });
		await expect(broken).rejects.toMatchObject({ code: "ERR_COMPOSEFS_TOC" });
		const limited = sandbox.writeImage({ toc, limits: { entries: 1 } });
		await expect(limited).rejects.toMatchObject({ code: "ERR_COMPOSEFS_TOC" });
	});

	test("warnings and versions", async () => {
		const tree = new Tree();
		tree.mkdir("/\udcff", { xattrs: [["trusted.overlay.opaque", Buffer.from("y")]] });
		tree.whiteout("/\udcff/gone");
		const expected = await writeImage(tree);
		expect(expected.warnings.length).toBe(1);
		expect(expected.version).toBe(1);
		expect(await sandbox.writeImage(tree)).toEqual(expected);
		expect(await sandbox.writeImage({ dump: formatDump(tree) })).toEqual(expected);
		const old = await writeImage(tree, { maxVersion: 0 });
		expect(old.warnings).toMatchObject([{ code: "WHITEOUT_LISTED" }]);
		expect(await sandbox.writeImage(tree, { maxVersion: 0 })).toEqual(old);
		expect(await sandbox.writeImage({ dump: formatDump(tree) }, { maxVersion: 0 })).toEqual(old);
		const refused = sandbox.writeImage({ dump: formatDump(tree) }, { maxVersion: 2 });
		await expect(refused).rejects.toMatchObject({ code: "ERR_COMPOSEFS_ARGUMENT" });
	});

	test("images come as bytes, by path and open, within limits", async () => {
		const tree = manyFiles(300);
		await writeImage(tree, { to: temporary("image") });
		const handle = await open(temporary("image"));
		for (const source of [temporary("image"), handle])
			expect(formatDump(await sandbox.readImage(source))).toBe(formatDump(tree));
		await handle.close();
		const limited = sandbox.readImage(temporary("image"), { limits: { inodes: 10 } });
		await expect(limited).rejects.toMatchObject({ code: "ERR_COMPOSEFS_IMAGE", rule: "inodes", limit: 10 });
		const tooLarge = sandbox.readImage(temporary("image"), { limits: { imageSize: 10 } });
		await expect(tooLarge).rejects.toMatchObject({ rule: "image-size" });
		await expect(sandbox.readImage(temporary("none"))).rejects.toMatchObject({ code: "ENOENT" });
	});

	test("errors are those of the functions", async () => {
		const dump = "/ 4096 40755 2 0 0 0 0.0 - - -\n/a 0 100644 1 0 0 0 0.0 - - x\n";
		await expect(sandbox.writeImage({ dump })).rejects.toMatchObject({
			name: "ComposefsError",
			code: "ERR_COMPOSEFS_DUMP",
			line: 2,
			field: "DIGEST",
		});
		const tree = new Tree();
		tree.symlink("x", "/link").target = "";
		await expect(sandbox.writeImage(tree)).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_INODE",
			path: "/link",
		});
		await expect(sandbox.readImage(Buffer.alloc(5000))).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_IMAGE",
		});
		await expect(sandbox.writeImage({} as never)).rejects.toMatchObject({ code: "ERR_COMPOSEFS_ARGUMENT" });
		await expect(sandbox.writeImage(null as never)).rejects.toMatchObject({ code: "ERR_COMPOSEFS_ARGUMENT" });
		await expect(sandbox.writeImage({ dump: "\ud800" })).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_ARGUMENT",
		});
	});
});

describeLocked("what is enforced", () => {
	test("is said", () => {
		expect(sandbox.enforced).toEqual({ seccomp: true, noNewPrivs: true, landlock: expect.any(Number) });
	});
});

describeLocked("a program", () => {
	const code = `
		import { createSandbox } from "${LIB}/sandbox/index.js";
		const sandbox = await createSandbox({ workers: 1 });
		const { size } = await sandbox.writeImage({ dump: "/ 4096 40755 2 0 0 0 0.0 - - -\\n" });
		console.log(size, sandbox.enforced.seccomp);`;

	test("that forgets to close its sandbox ends all the same", () => {
		expect(runModule(code)).toEqual({ ended: 0, stdout: "16384 true\n", stderr: "" });
	});

	test("that ends takes its workers with it", async () => {
		const { stdout } = runModule(`
			import { createSandbox } from "${LIB}/sandbox/index.js";
			import { readFileSync } from "node:fs";
			await createSandbox({ workers: 2 });
			await createSandbox({ workers: 1 });
			console.log(readFileSync("/proc/self/task/" + process.pid + "/children", "latin1"));
			process.kill(process.pid, "SIGKILL");`);
		const children = stdout.trim().split(" ");
		expect(children.length).toBeGreaterThanOrEqual(2);
		const isThere = (pid: string) => spawnSync("kill", ["-0", pid]).status === 0;
		for (let tries = 0; tries < 100 && children.some(isThere); tries++)
			await new Promise((resolve) => setTimeout(resolve, 50));
		expect(children.filter(isThere)).toEqual([]);
	});

	test("whose descriptors leak into what it starts: not into workers", () => {
		const program = `
			import { SandboxChild } from "${LIB}/sandbox/child.js";
			import { checkSandboxOptions } from "${LIB}/sandbox/options.js";
			import { readdirSync, readlinkSync } from "node:fs";
			const child = await SandboxChild.start(checkSandboxOptions({ workers: 1 }));
			const open = readdirSync("/proc/" + child.pid + "/fd").map((fd) => readlinkSync("/proc/" + child.pid + "/fd/" + fd));
			console.log(JSON.stringify(open));
			await child.stop();`;
		// A pipe that has both of its ends here, as those of an event loop.
		const pipe = 'mkfifo "$2"; exec 79<>"$2" 80<>"$2"';
		const leaky = `${pipe}; exec 77</etc/hostname; exec 78</; exec "$0" --input-type=module --eval "$1"`;
		const args = ["-c", leaky, process.execPath, program, temporary("pipe")];
		const { stdout } = spawnSync("bash", args, { encoding: "utf8" });
		const opened = JSON.parse(stdout) as string[];
		expect(opened.filter((target) => target.startsWith("/") && target !== "/dev/null")).toEqual([
			"/memfd:composefs (deleted)",
			"/memfd:composefs (deleted)",
		]);
	});

	const asRoot = process.getuid?.() === 0 ? findProgram("setpriv") : undefined;
	describeIf("without any rights", asRoot, "needs root and setpriv", (setpriv) => {
		test("has the same sandbox", () => {
			// A copy that anybody can read.
			mkdirSync(temporary("package/build/Release"), { recursive: true });
			for (const name of [
				"lib",
				"package.json",
				"build/Release/composefs.node",
				"node_modules/node-gyp-build",
			])
				cpSync(path.join(projectRoot, name), temporary("package", name), { recursive: true });
			const program = temporary("package/program.mjs");
			writeFileSync(program, code.replace(`${LIB}`, "./lib"));
			spawnSync("chmod", ["-R", "a+rX", temporary()]);
			chmodSync(temporary(), 0o755);
			const flags = [
				"--reuid=65534",
				"--regid=65534",
				"--clear-groups",
				"--bounding-set=-all",
				"--no-new-privs",
			];
			const { stdout, stderr } = spawnSync(setpriv, [...flags, process.execPath, program], {
				encoding: "utf8",
				env: { ...process.env, COMPOSEFS_PREBUILD: "" }, // the copy's own addon
			});
			expect({ stdout, stderr }).toEqual({ stdout: "16384 true\n", stderr: "" });
		});
	});
});

describeLocked("a sandbox", () => {
	test("bug: held a process for a source that waits for ever, after the signal", async () => {
		await using own = await createSandbox({ workers: 1 });
		await expectGivenUp([Buffer.from("/ 0 40755")], (dump, signal) => own.writeImage({ dump }, { signal }));
		await expectGivenUp([Buffer.from("{")], (text, signal) => own.writeImage({ toc: [text] }, { signal }));
		expect(await own.writeImage(new Tree())).toMatchObject({ size: 16384 });
	});

	test("bug: text that came slowly kept its worker from others", async () => {
		await using own = await createSandbox({ workers: 1, inputTimeout: 20_000 });
		const controller = new AbortController();
		const { signal } = controller;
		const silent = () => stuckAfter(["/ 0 40755"], () => undefined);
		const sources = [{ dump: silent() }, { toc: ["{}", silent()] }];
		const fates = Promise.allSettled(sources.map((source) => own.writeImage(source, { signal })));
		for (let count = 0; count < 3; count++)
			expect(await own.writeImage(new Tree())).toMatchObject({ size: 16384 });
		controller.abort("enough");
		for (const fate of await fates) expect(fate).toEqual({ status: "rejected", reason: "enough" });
	});

	test("bug: pieces that are no text were passed over", async () => {
		await using own = await createSandbox({ workers: 1 });
		for (const piece of [5, null, {}, new ArrayBuffer(8)])
			for (const source of [{ dump: ["/ 0 40755", piece] }, { toc: [[piece]] }])
				await expect(own.writeImage(source as never)).rejects.toMatchObject({ rule: "source" });
	});

	test("bug: pieces without bytes held up the event loop for ever", async () => {
		await using own = await createSandbox({ workers: 1 });
		const controller = new AbortController();
		const dump = (async function* () {
			for (;;) yield new Uint8Array(0);
		})();
		setTimeout(() => controller.abort(new Error("enough")), 20);
		await expect(own.writeImage({ dump }, { signal: controller.signal })).rejects.toThrow("enough");
	});

	test("leaves nothing behind", async () => {
		const round = async () => {
			const own = await createSandbox({ workers: 2 });
			await Promise.all(Array.from({ length: 6 }, () => own.writeImage(manyFiles(10))));
			await own[Symbol.asyncDispose]();
		};
		await round();
		const before = resources();
		for (let count = 0; count < 3; count++) await round();
		expect(resources()).toEqual(before);
	});
});
