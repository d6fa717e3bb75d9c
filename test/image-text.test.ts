import { writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { formatDump } from "../src/dump/format.ts";
import { readImage } from "../src/image/read.ts";
import { dumpText } from "../src/image-text.ts";
import { fifo } from "../src/inode.ts";
import { Tree } from "../src/tree.ts";
import { writeImage } from "../src/write.ts";
import { arbitraryTree } from "./support/arbitrary-tree.ts";
import { composefs } from "./support/cli.ts";
import { deepDirectory } from "./support/deep-directory.ts";
import { useTemporaryFolder } from "./support/temporary.ts";

const at = useTemporaryFolder();
const { signal } = new AbortController();

const textOf = async (image: string) => {
	const pieces = await dumpText(image, { signal });
	return pieces && Buffer.concat(pieces).toString("latin1");
};

async function writeTo(image: string, tree: Tree): Promise<string> {
	await writeImage(tree, { to: image });
	return formatDump(await readImage(image));
}

describe("the text of an image", () => {
	test("is the dump of its tree, whatever that is", async () => {
		await fc.assert(
			fc.asyncProperty(arbitraryTree({ whiteouts: false }), async (tree) => {
				const expected = await writeTo(at("any"), tree);
				expect(await textOf(at("any"))).toBe(expected);
			}),
		);
	});

	test("bug: of a small image with long paths all of the text was held", async () => {
		const { root, deepest } = deepDirectory();
		for (let n = 0; n < 600; n++) deepest.children.set(`${n}`, fifo());
		const image = (await writeImage(new Tree(root))).image;
		expect(image.length).toBeLessThan(1_000_000);
		expect(await dumpText(image)).toBeUndefined();
	});

	test("comes in pieces of whole lines", async () => {
		const tree = new Tree();
		for (let n = 0; n < 5000; n++) tree.writeFile(`/${n}`, Buffer.alloc(64, 0xff));
		const expected = await writeTo(at("large"), tree);
		const pieces = (await dumpText(at("large"), { signal })) ?? [];
		expect(pieces.length).toBeGreaterThan(3);
		expect(pieces.map((piece) => piece.at(-1))).toEqual(pieces.map(() => 0x0a));
		expect(Buffer.concat(pieces).toString("latin1") === expected).toBe(true);
	});

	test("takes the tree where a directory may lose attributes by what is in it", async () => {
		const tree = new Tree();
		tree.whiteout("/gone");
		const expected = await writeTo(at("whiteout"), tree);
		expect(await textOf(at("whiteout"))).toBeUndefined();
		expect(composefs(["dump", at("whiteout")])).toEqual({ status: 0, stdout: expected, stderr: "" });
	});

	test("is nothing at all of an image that is refused in the end", async () => {
		const tree = new Tree();
		for (let n = 0; n < 5000; n++) tree.writeFile(`/${n}`, Buffer.alloc(64, 0xff));
		const { image } = await writeImage(tree);
		const damaged = Buffer.from(image);
		damaged.writeUInt32LE(1, 1024 + 16);
		writeFileSync(at("damaged"), damaged);
		await expect(textOf(at("damaged"))).rejects.toMatchObject({ rule: "inode-count" });
		const { status, stdout, stderr } = composefs(["dump", at("damaged")]);
		expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
		expect(stderr).toContain("(rule inode-count)");
	});

	test("ends with its signal", async () => {
		await writeTo(at("any"), new Tree());
		await expect(dumpText(at("any"), { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow(
			"enough",
		);
	});
});
