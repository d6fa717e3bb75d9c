import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { formatDump } from "../src/dump/index.ts";
import { Tree, writeImage } from "../src/index.ts";
import { ObjectStore } from "../src/store/index.ts";
import { projectRoot } from "./support/needs.ts";
import { twoVersions } from "./support/two-versions.ts";

const PAGE = readFileSync(path.join(projectRoot, "docs/reference/command-line.md"), "utf8");
/** In their order: the first makes what the others read. */
const blocks = Array.from(
	PAGE.matchAll(/^```json composefs ([^\n]*)\n(.*?)^```/gms),
	([, command, json]) => [command as string, json as string] as const,
);
const main = path.join(projectRoot, "lib/cli/main.js");
const folder = mkdtempSync(path.join(tmpdir(), "composefs-json-"));
afterAll(() => rmSync(folder, { recursive: true }));
const temporary = (...names: string[]) => path.join(folder, ...names);
const language = new Map([["user.language", Buffer.from("en")]]);
let digest: string;

/** What the page's commands are about. */
beforeAll(async () => {
	const store = await ObjectStore.open(temporary("objects"), { create: true });
	const big = await store.put(Buffer.alloc(3000, "x"));
	await store.close();
	const tree = new Tree();
	tree.writeFile("/big", big);
	tree.link("/big", "/big-too");
	tree.writeFile("/motd", Buffer.from("hello\n"), { xattrs: language });
	tree.symlink("motd", "/link");
	writeFileSync(temporary("rootfs.dump"), formatDump(tree));
	({ digest } = await writeImage(tree, { to: temporary("rootfs.cfs") }));
	tree.writeFile("/motd", Buffer.from("hello!\n"), { xattrs: language });
	await writeImage(tree, { to: temporary("later.cfs") });
	await writeImage(new Tree(), { to: temporary("small.cfs") });
	const damaged = temporary("damaged", path.dirname(big.path));
	mkdirSync(damaged, { recursive: true });
	writeFileSync(path.join(damaged, path.basename(big.path)), Buffer.alloc(3000, "y"));
	twoVersions().write(temporary("layout"));
});

function run(command: string): unknown {
	const args = command.replace("DIGEST", digest).split(" ");
	const { stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
		cwd: folder,
		encoding: "utf8",
	});
	if (stdout === "") throw new Error(stderr);
	return JSON.parse(stdout);
}

/** A document without its values: keys and types; what elements of an array have between them. */
function shapeOf(value: unknown): unknown {
	if (Array.isArray(value)) return [value.map(shapeOf).reduce(merged, undefined)];
	if (typeof value !== "object" || value === null) return value === null ? "null" : typeof value;
	return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, shapeOf(part)]));
}

function merged(first: unknown, second: unknown): unknown {
	if (first === undefined || typeof first !== "object" || first === null) return second;
	if (Array.isArray(first)) return [merged(first[0], (second as unknown[])[0])];
	const both = { ...(first as Record<string, unknown>) };
	for (const [key, part] of Object.entries(second as object)) both[key] = merged(both[key], part);
	return both;
}

describe("what commands print", () => {
	test("is in the page", () => expect(blocks.length).toBeGreaterThanOrEqual(14));

	test.each(blocks)("%s", (command, json) => {
		expect(shapeOf(run(command))).toEqual(shapeOf(JSON.parse(json)));
	});
});
