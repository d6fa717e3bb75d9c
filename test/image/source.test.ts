import { describe, expect, test } from "@jest/globals";
import { openImage } from "../../src/image/open.ts";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

describe("pages", () => {
	const at = useTemporaryFolder();

	test("of an image larger than those that are kept are read again", async () => {
		const tree = new Tree();
		for (let n = 0; n < 2000; n++)
			tree.writeFile(`/${n}`, Buffer.alloc(4000, `${n}`), {
				xattrs: [["user.n", Buffer.alloc(1000, `${n}`)]],
			});
		const { size } = await writeImage(tree, { to: at("image") });
		expect(size).toBeGreaterThan(256 * 2 ** 14);
		const image = await openImage(at("image"));
		for (let first = 0; first < 2500; first += 50) {
			const numbers = Array.from({ length: 50 }, (_, n) => (first + n) % 2000);
			const contents = await Promise.all(numbers.map((n) => image.readFile(`/${n}`)));
			for (const [index, n] of numbers.entries())
				expect(Buffer.compare(contents[index] as Uint8Array, Buffer.alloc(4000, `${n}`))).toBe(0);
		}
		await image.close();
	});

	test("are wanted all at once by an inode with many shared xattrs far apart", async () => {
		const tree = new Tree();
		const xattrs = Array.from({ length: 120 }, (_, n) => [`user.${n}`, Buffer.alloc(200, n)] as const);
		for (const [n, xattr] of xattrs.entries())
			for (let copy = 0; copy < 2; copy++) tree.mkdir(`/${n}-${copy}`, { xattrs: [xattr] });
		tree.mkdir("/all", { xattrs });
		await writeImage(tree, { to: at("image") });
		const image = await openImage(at("image"));
		expect((await image.stat("/all")).xattrs?.size).toBe(120);
		await image.close();
	});
});
