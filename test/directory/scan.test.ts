import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { ScanRecord } from "../../src/directory/decode.ts";
import { checkOptions, type FromDirectoryOptions } from "../../src/directory/options.ts";
import { scanDirectories } from "../../src/directory/scan.ts";
import { ComposefsError } from "../../src/errors.ts";
import { program } from "../support/cli.ts";
import { fillFolder, inFolder, isRoot } from "../support/folder.ts";
import { projectRoot } from "../support/needs.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const signal = new AbortController().signal;

interface ScanOptions extends FromDirectoryOptions {
	readonly limit?: number;
}

async function scan(folder: string, record?: ScanRecord, options: ScanOptions = {}) {
	const { limit = 1000, ...rest } = options;
	const [result] = await scanDirectories([{ path: folder, record }], limit, checkOptions(rest), signal);
	return result instanceof ComposefsError ? result : [...(result ?? [])];
}

async function records(folder: string, options: ScanOptions = {}): Promise<Map<string, ScanRecord>> {
	const found = await scan(folder, undefined, options);
	if (found instanceof ComposefsError) throw found;
	return new Map(found.map((record) => [record.name, record]));
}

describe("a directory that is read", () => {
	test("has its own record first, and each name once", async () => {
		fillFolder(at());
		const found = await scan(at());
		if (found instanceof ComposefsError) throw found;
		const names = found.map(({ name }) => name);
		expect(names[0]).toBe("");
		expect(new Set(names).size).toBe(names.length);
		expect(found.every(({ problem }) => problem === 0)).toBe(true);
	});

	test("has links to 4,095 bytes, and contents of 64", async () => {
		symlinkSync("t".repeat(4095), at("long"));
		writeFileSync(at("64"), "x".repeat(64));
		writeFileSync(at("65"), "x".repeat(65));
		const found = await records(at());
		expect(found.get("long")?.text.length).toBe(4095);
		expect(found.get("64")?.text.toString()).toBe("x".repeat(64));
		expect(found.get("65")?.textLength).toBe(0);
		expect((await records(at(), { noInline: true })).get("64")?.textLength).toBe(0);
	});

	test("several are read in one job, each with its own result", async () => {
		mkdirSync(at("a"));
		writeFileSync(at("a", "file"), "");
		const paths = ["a", "none", "a"].map((name) => ({ path: at(name), record: undefined }));
		const [first, second, third] = await scanDirectories(paths, 10, checkOptions({}), signal);
		expect(second).toMatchObject({ code: "ENOENT", syscall: "open", path: at("none") });
		for (const result of [first, third])
			expect(result instanceof ComposefsError || [...(result ?? [])].length).toBe(2);
	});

	test("with more names than are allowed is told of", async () => {
		for (const name of ["a", "b", "c"]) writeFileSync(at(name), "");
		expect((await records(at(), { limit: 3 })).get("")?.problem).toBe(0);
		expect((await records(at(), { limit: 2 })).get("")?.problem).toBe(10);
	});
});

describe("a directory that its parent saw", () => {
	async function seen(): Promise<ScanRecord> {
		mkdirSync(at("d"));
		writeFileSync(at("d", "inside"), "");
		return (await records(at())).get("d") as ScanRecord;
	}

	test("is the one", async () => {
		const record = await seen();
		expect(await scan(at("d"), record)).toHaveLength(2);
	});

	test("is another one now", async () => {
		const record = await seen();
		renameSync(at("d"), at("away"));
		mkdirSync(at("d"));
		const [own, ...others] = (await scan(at("d"), record)) as ScanRecord[];
		expect([own?.problem, others]).toEqual([8, []]);
	});

	test.each<[string, () => void]>([
		["gone", () => {}],
		["a symlink", () => symlinkSync("away", at("d"))],
		["a file", () => writeFileSync(at("d"), "")],
	])("is %s now", async (_title, replace) => {
		const record = await seen();
		renameSync(at("d"), at("away"));
		replace();
		expect(await scan(at("d"), record)).toMatchObject({ code: "ERR_COMPOSEFS_CHANGED", path: at("d") });
	});
});

describe("the directory that the caller named", () => {
	test.each<[string, string, () => void]>([
		["missing", "ENOENT", () => {}],
		["a symlink", "ENOTDIR", () => symlinkSync(".", at("d"))],
		["a file", "ENOTDIR", () => writeFileSync(at("d"), "")],
		["a fifo", "ENOTDIR", () => inFolder(at(), 'os.mkfifo("d")')],
	])("is %s", async (_title, code, make) => {
		make();
		expect(await scan(at("d"))).toMatchObject({ code, syscall: "open", path: at("d") });
	});

	test("goes away", async () => {
		mkdirSync(at("d"));
		rmSync(at("d"), { recursive: true });
		await expect(records(at("d"))).rejects.toMatchObject({ code: "ENOENT" });
	});
});

describe("attributes, where listxattrat is refused", () => {
	const LISTXATTRAT = 465;
	const SCRIPT = path.join(projectRoot, "test/support/refused-call.py");
	const build = () => [process.execPath, program, "build", "--print-digest-only", at("source")];

	test.each([
		["an old kernel", 38],
		["a container's filter", 1],
	])("by %s, are the same", (_by, errno) => {
		mkdirSync(at("source"));
		fillFolder(at("source"));
		const [node = "", ...args] = build();
		const refused = spawnSync("python3", [SCRIPT, `${LISTXATTRAT}`, `${errno}`, node, ...args], {
			encoding: "utf8",
		});
		expect(refused.stderr).toBe("");
		expect(refused.stdout).toBe(spawnSync(node, args, { encoding: "utf8" }).stdout);
		expect(refused.stdout).toMatch(/^[0-9a-f]{64}\n$/);
	});
});

describe("an ordinary user", () => {
	const NOBODY = 65534;

	// Root may read everything.
	beforeEach(() => {
		if (isRoot) process.seteuid?.(NOBODY);
	});
	afterEach(() => {
		if (isRoot) process.seteuid?.(0);
	});

	test("is told what may not be read", async () => {
		const folder = mkdtempSync(path.join(tmpdir(), "composefs-test-"));
		inFolder(folder, 'write("secret", b"x"); os.chmod("secret", 0)\nos.mkdir("closed", 0)');
		const found = await records(folder);
		expect(found.get("secret")).toMatchObject({ problem: 3, errno: 13 });
		expect(await scan(path.join(folder, "closed"))).toMatchObject({ code: "EACCES", syscall: "open" });
		rmSync(folder, { recursive: true });
	});
});
