import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { fromDirectory } from "../../src/directory/index.ts";
import type { FromDirectoryOptions, SkippedEntry } from "../../src/directory/options.ts";
import type { Inode } from "../../src/inode.ts";
import type { Tree } from "../../src/tree.ts";
import { inFolder } from "../support/folder.ts";
import { referenceDigest } from "../support/reference-verity.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const SAME = "x".repeat(100);

function paths(tree: Tree): string[] {
	return Array.from(tree.walk(), ({ path }) => path);
}

/** Files whose content comes later, and a folder; what changes them runs when their folder has been read. */
async function changing(change: () => void, options: FromDirectoryOptions = {}) {
	mkdirSync(at("d"));
	for (const name of ["a", "b", "d/c"]) writeFileSync(at(name), SAME);
	let changed = false;
	const filter = () => {
		if (!changed) change();
		changed = true;
		return true;
	};
	const skipped: SkippedEntry[] = [];
	const tree = await fromDirectory(at(), { filter, onSkip: (entry) => skipped.push(entry), ...options });
	return { tree, skipped: skipped.map(({ path, error }) => [path, error.code]) };
}

describe("what another process changes meanwhile", () => {
	const changes: [string, string, string, () => void][] = [
		["shrinks", "/b", "b", () => truncateSync(at("b"), 99)],
		["grows", "/b", "b", () => writeFileSync(at("b"), `${SAME}x`)],
		["is rewritten", "/b", "b", () => writeFileSync(at("b"), "y".repeat(100))],
		["vanishes", "/b", "b", () => rmSync(at("b"))],
		[
			"becomes a symlink to the same bytes",
			"/b",
			"b",
			() => {
				rmSync(at("b"));
				symlinkSync("a", at("b"));
			},
		],
		[
			"becomes a fifo",
			"/b",
			"b",
			() => {
				rmSync(at("b"));
				inFolder(at(), 'os.mkfifo("b")');
			},
		],
		[
			"becomes a folder",
			"/b",
			"b",
			() => {
				rmSync(at("b"));
				mkdirSync(at("b"));
			},
		],
		["is a folder that vanishes", "/d", "d", () => rmSync(at("d"), { recursive: true })],
		[
			"is a folder that becomes a symlink to it",
			"/d",
			"d",
			() => {
				renameSync(at("d"), at("e"));
				symlinkSync("e", at("d"));
			},
		],
	];

	test.each(changes)("%s: an error", async (_title, _path, file, change) => {
		await expect(changing(change)).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_CHANGED",
			rule: "changed",
			path: at(file),
		});
	});

	test.each(changes)("%s: a skip that is told of, if asked for", async (_title, path, _file, change) => {
		const { tree, skipped } = await changing(change, { onChanged: "skip" });
		expect(skipped).toEqual([[path, "ERR_COMPOSEFS_CHANGED"]]);
		const expected = ["/", "/a", "/b", "/d", "/d/c"].filter(
			(name) => name !== path && !name.startsWith(`${path}/`),
		);
		expect(paths(tree)).toEqual(expected);
	});

	test("a linked file is left out under all its names", async () => {
		inFolder(at(), 'write("l1", b"x" * 100); os.link("l1", "l2")');
		const { tree, skipped } = await changing(() => truncateSync(at("l1"), 5), { onChanged: "skip" });
		expect(skipped.map(([path]) => path).sort()).toEqual(["/l1", "/l2"]);
		expect(paths(tree)).toEqual(["/", "/a", "/b", "/d", "/d/c"]);
	});

	test("a linked file is left out under the names that were read in another state", async () => {
		inFolder(at(), 'os.mkdir("e"); write("l", b"one"); os.link("l", "e/l")');
		const { tree, skipped } = await changing(() => writeFileSync(at("l"), "three"), { onChanged: "skip" });
		expect(skipped).toEqual([["/e/l", "ERR_COMPOSEFS_CHANGED"]]);
		expect(paths(tree)).toEqual(["/", "/a", "/b", "/d", "/d/c", "/e", "/l"]);
		expect(tree.get("/l")).toMatchObject({ content: new Uint8Array(Buffer.from("one")) });
	});

	test("never gives a digest of what no process wrote", async () => {
		const [one, other] = ["1".repeat(70_000), "2".repeat(90_001)];
		const digests = [one, other, ""].map((text) => referenceDigest(Buffer.from(text)));
		const program = `
import itertools, os
os.chdir(${JSON.stringify(at())})
for turn in itertools.count():
    for name in "abcdefgh":
        with open(name, "w") as file: file.write("1" * 70000 if turn % 2 else "2" * 90001)
    if turn % 3 == 0:
        for name in "gh": os.unlink(name)
    if turn == 0: print("ready", flush=True)`;
		const child = spawn("python3", ["-c", program], { stdio: ["ignore", "pipe", "inherit"] });
		try {
			await once(child.stdout, "data");
			let taken = 0;
			for (let i = 0; i < 60; i++) {
				const tree = await fromDirectory(at(), { onChanged: "skip" }).catch(ignoreChangedRoot);
				for (const { inode } of tree?.walk() ?? []) taken += expectOneOf(inode, digests);
			}
			expect(taken).toBeGreaterThan(0);
		} finally {
			child.kill("SIGKILL");
			await once(child, "close");
		}
	});
});

/** The folder itself may never stay the same for as long as it takes to read it. */
function ignoreChangedRoot(error: { code?: string }): undefined {
	if (error.code !== "ERR_COMPOSEFS_CHANGED") throw error;
}

/** What a file that is being written holds from time to time: nothing, and multiples of the writer's buffer. */
function expectOneOf(inode: Inode, digests: readonly string[]): number {
	if (inode.type !== "file" || inode.content !== undefined) return 0;
	if (inode.size !== 70_000 && inode.size !== 90_001) return 0;
	expect(digests).toContain(inode.digest);
	return 1;
}
