/** Inodes that the gate refuses, with what it has to say of each. */
import { type BrokenTree, junk } from "./broken-trees.ts";

const NO_BYTES = new Uint8Array(0);

/** An inode at /d/f, put together from a file and what makes it wrong. */
function inode(title: string, wrong: unknown, rule: string, text: string, limits = {}): BrokenTree {
	return {
		title,
		build: (tree) => tree.mkdir("/d").children.set("f", junk(wrong)),
		error: { code: "ERR_COMPOSEFS_INODE", rule, path: "/d/f", message: `/d/f: ${text}`, ...limits },
	};
}

function number(rule: string, actual: number, limit: number, wrong: object): BrokenTree {
	const text = `${rule} is ${actual}, not an integer from 0 to ${limit}`;
	return inode(`${rule} ${actual}`, wrong, rule, text, { limit, actual });
}

const metadata = { mode: 0o644, uid: 0, gid: 0, mtimeNs: 0n };
const external = { type: "file", ...metadata };
const plain = { ...external, content: NO_BYTES };
const link = { type: "symlink", ...metadata };
const node = { type: "character-device", ...metadata };
const ID = 2 ** 32 - 1;
const SIZE = 2 ** 53;
const SECONDS = 2n ** 63n;
const MTIME = "mtimeNs does not fit into 64 bits of seconds";
const DIGEST = "digest is not 64 lower-case hexadecimal digits";

const BROKEN_NUMBERS: readonly BrokenTree[] = [
	number("mode", 0o10000, 0o7777, { ...plain, mode: 0o10000 }),
	number("mode", 0o100644, 0o7777, { ...plain, mode: 0o100644 }),
	number("mode", -1, 0o7777, { ...plain, mode: -1 }),
	number("uid", 2 ** 32, ID, { ...plain, uid: 2 ** 32 }),
	number("uid", 0.5, ID, { ...plain, uid: 0.5 }),
	number("gid", -1, ID, { ...plain, gid: -1 }),
	number("gid", Number.NaN, ID, { ...plain, gid: Number.NaN }),
	number("size", 2 ** 53 + 2, SIZE, { ...external, size: 2 ** 53 + 2 }),
	number("size", -1, SIZE, { ...external, size: -1 }),
	number("size", 1.5, SIZE, { ...external, size: 1.5 }),
	number("size", Number.POSITIVE_INFINITY, SIZE, { ...external, size: Number.POSITIVE_INFINITY }),
	number("rdev.major", 4096, 4095, { ...node, rdev: { major: 4096, minor: 0 } }),
	number("rdev.minor", 2 ** 20, 2 ** 20 - 1, { ...node, rdev: { major: 0, minor: 2 ** 20 } }),
	number("rdev.minor", -1, 2 ** 20 - 1, { ...node, rdev: { major: 0, minor: -1 } }),
	inode("no size", external, "size", `size is undefined, not an integer from 0 to ${SIZE}`, {
		limit: SIZE,
		actual: Number.NaN,
	}),
	inode("no rdev", node, "rdev.major", "rdev.major is undefined, not an integer from 0 to 4095", {
		limit: 4095,
		actual: Number.NaN,
	}),
	inode("a time too late", { ...plain, mtimeNs: SECONDS * 1_000_000_000n }, "mtime", MTIME),
	inode("a time too early", { ...plain, mtimeNs: -SECONDS * 1_000_000_000n - 1n }, "mtime", MTIME),
	inode("a time as a number", { ...plain, mtimeNs: 5 }, "mtime", "mtimeNs is not a bigint"),
];

export const BROKEN_INODES: readonly BrokenTree[] = [
	...BROKEN_NUMBERS,
	inode("null", null, "type", "there is no inode"),
	inode("undefined", undefined, "type", "there is no inode"),
	inode("a string", "file", "type", "there is no inode"),
	inode("an unknown type", { ...metadata, type: "hardlink" }, "type", 'unknown type "hardlink"'),
	inode("no type", metadata, "type", "unknown type undefined"),
	inode("no target", link, "symlink-target", "the symlink's target is empty"),
	inode("an empty target", { ...link, target: "" }, "symlink-target", "the symlink's target is empty"),
	inode(
		"a target with NUL",
		{ ...link, target: "\0" },
		"symlink-target",
		"the symlink's target has a NUL in it",
	),
	inode(
		"a target of 4,096 bytes",
		{ ...link, target: "t".repeat(4096) },
		"symlink-target",
		"the symlink's target takes 4096 bytes, the limit is 4095",
		{ limit: 4095, actual: 4096 },
	),
	inode(
		"a target that is no bytes",
		{ ...link, target: "\ud800" },
		"name-surrogate",
		'"\\ud800" has a lone surrogate that stands for no byte',
	),
	inode("content as text", { ...external, content: "abc" }, "content", "content is not a Uint8Array"),
	inode(
		"content of 5,001 bytes",
		{ ...external, content: new Uint8Array(5001) },
		"content-size",
		"inline content takes 5001 bytes, the limit is 5000",
		{ limit: 5000, actual: 5001 },
	),
	inode(
		"content and size",
		{ ...plain, size: 0 },
		"content",
		"a file has either content or size, digest and path",
	),
	inode(
		"an empty object path",
		{ ...external, size: 1, path: "" },
		"object-path",
		"the object path is empty",
	),
	inode(
		"an object path with NUL",
		{ ...external, size: 1, path: "a\0" },
		"object-path",
		"the object path has a NUL in it",
	),
	inode(
		"an object path of 4,096 bytes",
		{ ...external, size: 1, path: "p".repeat(4096) },
		"object-path",
		"the object path takes 4096 bytes, the limit is 4095",
		{ limit: 4095, actual: 4096 },
	),
	inode("a short digest", { ...external, size: 1, digest: "ab" }, "digest", DIGEST),
	inode("a digest that is none", { ...external, size: 1, digest: "x".repeat(64) }, "digest", DIGEST),
	inode("a digest in capitals", { ...external, size: 1, digest: "A".repeat(64) }, "digest", DIGEST),
	inode("a digest with a NUL", { ...external, size: 1, digest: `\0${"a".repeat(63)}` }, "digest", DIGEST),
	inode("a digest as bytes", { ...external, size: 1, digest: new Uint8Array(64) }, "digest", DIGEST),
];
