import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { listObjects, missingObjects } from "../../src/image/objects.ts";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const DIGEST = "ab".repeat(32);

function treeOf(...paths: string[]): Tree {
	const tree = new Tree();
	for (const [index, path] of paths.entries()) tree.writeFile(`/${index}`, { size: index + 1, path });
	return tree;
}

describe("listObjects", () => {
	test("each path once, in order, whatever the source", async () => {
		const tree = treeOf("b/2", "a/1", "b/2");
		tree.writeFile("/inline", Buffer.from("x"));
		tree.writeFile("/nowhere", { size: 1 });
		tree.mkdir("/d");
		tree.writeFile("/d/verified", { size: 9, digest: DIGEST, path: "a/0" });
		const expected = [
			{ path: "a/0", size: 9, digest: DIGEST },
			{ path: "a/1", size: 2 },
			{ path: "b/2", size: expect.any(Number) },
		];
		expect(await listObjects(tree)).toEqual(expected);
		expect(await listObjects((await writeImage(tree)).image)).toEqual(expected);
	});
});

describe("missingObjects", () => {
	const at = useTemporaryFolder();

	test("what none of the folders has", async () => {
		mkdirSync(at("one/a"), { recursive: true });
		mkdirSync(at("two/b"), { recursive: true });
		mkdirSync(at("two/b/folder"));
		writeFileSync(at("one/a/here"), "");
		writeFileSync(at("two/b/there"), "");
		writeFileSync(at("outside"), "");
		symlinkSync("there", at("two/b/link"));
		symlinkSync("nothing", at("two/b/dangling"));
		const missing = ["../outside", "a/not", "b/dangling", "b/folder", "c/not", "b/there/below", "b/\udcff"];
		const present = ["a/here", "/a//./here", "b/there", "b/link"];
		const tree = treeOf(...missing, ...present);
		const found = await missingObjects(tree, [at("one"), at("two")]);
		expect(found.map(({ path }) => path).sort()).toEqual([...missing].sort());
		expect(await missingObjects(tree, [])).toHaveLength(missing.length + present.length);
		expect(await missingObjects(tree, [at("none")])).toHaveLength(missing.length + present.length);
	});
});
