import { describe, expect, test } from "@jest/globals";
import { ComposefsError } from "../src/errors.ts";
import { directory, type Inode } from "../src/inode.ts";
import { fillLimits, LIMITS } from "../src/limits.ts";
import { Tree } from "../src/tree.ts";
import { writeImage } from "../src/write.ts";

/** Puts something as big as `n` says into a tree. */
type Build = (tree: Tree, n: number) => unknown;

const xattr = (name: string, length: number) => [[name, new Uint8Array(length)]] as const;

/** What an xattr takes of `xattrTotal` besides the bytes of its name and value, and what the first takes. */
const XATTR_COST = 7;
const FIRST_XATTR_COST = 12;

const EDGES: readonly [keyof typeof LIMITS, rule: string, Build][] = [
	["nameLength", "name-length", (tree, n) => tree.mkdir("n".repeat(n))],
	["depth", "depth", (tree, n) => nest(tree.root, n - 1)],
	["pathLength", "symlink-target", (tree, n) => tree.symlink("t".repeat(n), "/link")],
	["pathLength", "object-path", (tree, n) => tree.writeFile("/f", { size: 1, path: "p".repeat(n) })],
	["contentSize", "content-size", (tree, n) => tree.writeFile("/f", new Uint8Array(n))],
	["fileSize", "size", (tree, n) => tree.writeFile("/f", { size: n })],
	["id", "uid", (tree, n) => tree.mkdir("/d", { uid: n })],
	["id", "gid", (tree, n) => tree.mkdir("/d", { gid: n })],
	["mode", "mode", (tree, n) => tree.mkdir("/d", { mode: n })],
	["major", "rdev.major", (tree, n) => tree.mknod("/d", "block-device", { major: n, minor: 0 })],
	["minor", "rdev.minor", (tree, n) => tree.mknod("/d", "block-device", { major: 0, minor: n })],
	["xattrName", "xattr-name", (tree, n) => tree.mkdir("/d", { xattrs: xattr("x".repeat(n), 0) })],
	[
		"xattrTotal",
		"xattr-total",
		(tree, n) => tree.mkdir("/d", { xattrs: xattr("x", n - FIRST_XATTR_COST - XATTR_COST - 1) }),
	],
];

/** Directories in one another, `levels` of them. */
function nest(root: Inode, levels: number): void {
	let at = root;
	for (let level = 0; level < levels && at.type === "directory"; level++) {
		const below = directory();
		at.children.set("d", below);
		at = below;
	}
}

describe("an image can hold", () => {
	test.each(EDGES)("%s (%s), and no more", async (name, rule, build) => {
		const limit = Number(LIMITS[name]);
		const fits = new Tree();
		build(fits, limit);
		await expect(writeImage(fits)).resolves.toHaveProperty("warnings", []);

		const exceeds = new Tree();
		build(exceeds, limit + (limit === 2 ** 53 ? 2 : 1)); // 2^53 + 1 is not a number of its own
		await expect(writeImage(exceeds)).rejects.toMatchObject({ rule, limit });
	});

	test.each([
		["latest", LIMITS.mtimeSeconds * 1_000_000_000n + 999_999_999n, 1n],
		["earliest", -(LIMITS.mtimeSeconds + 1n) * 1_000_000_000n, -1n],
	])("the %s time", async (_title, mtimeNs, step) => {
		await expect(writeImage(new Tree(directory({ mtimeNs })))).resolves.toBeDefined();
		const beyond = new Tree(directory({ mtimeNs: mtimeNs + step }));
		await expect(writeImage(beyond)).rejects.toMatchObject({ rule: "mtime" });
	});

	test("an xattr's value of 16 bits, if all xattrs could take that much", async () => {
		const tree = (length: number) => new Tree(directory({ xattrs: xattr("x", length) }));
		await expect(writeImage(tree(LIMITS.xattrValue))).rejects.toMatchObject({ rule: "xattr-total" });
		await expect(writeImage(tree(LIMITS.xattrValue + 1))).rejects.toMatchObject({
			rule: "xattr-value",
			limit: LIMITS.xattrValue,
		});
	});
});

describe("fillLimits", () => {
	const defaults = { size: 10, entries: 20 };

	test("leaves the defaults where a call names none, or undefined", () => {
		for (const asked of [undefined, {}, { size: undefined }])
			expect(fillLimits(defaults, asked)).toEqual(defaults);
	});

	test("takes numbers from 0 on, and Infinity", () => {
		expect(fillLimits(defaults, { size: 0 })).toEqual({ size: 0, entries: 20 });
		expect(fillLimits(defaults, { entries: Number.POSITIVE_INFINITY }).entries).toBe(
			Number.POSITIVE_INFINITY,
		);
	});

	test.each([[Number.NaN], [-1], ["5"], [null], [5n]])("bug: %p was no limit at all", (size) => {
		const fill = () => fillLimits(defaults, { size: size as number });
		expect(fill).toThrow(ComposefsError);
		expect(fill).toThrow(/^limits.size is /);
	});

	test.each([
		[{ other: 1 }, "there is no limit other; there are size, entries"],
		[5, "limits come in an object"],
	])("bug: %j was passed over, and everything as big as by default", (asked, message) => {
		expect(() => fillLimits(defaults, asked as object)).toThrow(
			expect.objectContaining({ code: "ERR_COMPOSEFS_ARGUMENT", rule: "option", message }),
		);
	});
});
