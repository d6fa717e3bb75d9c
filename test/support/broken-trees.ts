/** One tree for each rule of the gate, with what the gate has to say of it. */
import { Buffer } from "node:buffer";
import { directory, file, whiteout } from "../../src/inode.ts";
import type { Tree } from "../../src/tree.ts";

export interface BrokenTree {
	readonly title: string;
	readonly build: (tree: Tree) => unknown;
	readonly error: {
		readonly code: string;
		readonly rule: string;
		readonly path: string;
		readonly message: string;
		readonly limit?: number;
		readonly actual?: number;
	};
}

const NO_BYTES = new Uint8Array(0);

/** What TypeScript would refuse, as a caller in JavaScript can have it. */
export const junk = (value: unknown): never => value as never;

function named(title: string, name: string, rule: string, text: string, limits = {}): BrokenTree {
	return {
		title,
		build: (tree) => tree.root.children.set(name, file()),
		error: {
			code: "ERR_COMPOSEFS_NAME",
			rule,
			path: `/${name}`,
			message: `/${name}: ${text}`,
			...limits,
		},
	};
}

export const BROKEN_NAMES: readonly BrokenTree[] = [
	named("empty", "", "name-empty", "a name is empty"),
	named("one dot", ".", "name-dot", '"." is not a name'),
	named("two dots", "..", "name-dot", '".." is not a name'),
	named("a slash", "a/b", "name-slash", "a name has a slash in it"),
	named("a NUL", "a\0b", "name-nul", "a name has a NUL in it"),
	named("256 bytes", "n".repeat(256), "name-length", "the name takes 256 bytes, the limit is 255", {
		limit: 255,
		actual: 256,
	}),
	named(
		"256 bytes in fewer characters",
		"é".repeat(128),
		"name-length",
		"the name takes 256 bytes, the limit is 255",
		{ limit: 255, actual: 256 },
	),
	named(
		"a lone high surrogate",
		"a\ud800",
		"name-surrogate",
		'"a\\ud800" has a lone surrogate that stands for no byte',
	),
	named(
		"a lone low surrogate that is no escape",
		"\udc7f",
		"name-surrogate",
		'"\\udc7f" has a lone surrogate that stands for no byte',
	),
	named(
		"escapes that are UTF-8 together",
		"\udcc3\udca9",
		"name-surrogate",
		'"\\udcc3\\udca9" has escaped bytes that are valid UTF-8 together',
	),
	{
		title: "a symbol",
		build: (tree) => tree.root.children.set(junk(Symbol("s")), file()),
		error: {
			code: "ERR_COMPOSEFS_NAME",
			rule: "name-type",
			path: "/Symbol(s)",
			message: "/Symbol(s): a name is a string",
		},
	},
	{
		title: "no string",
		build: (tree) => tree.root.children.set(junk(7), file()),
		error: { code: "ERR_COMPOSEFS_NAME", rule: "name-type", path: "/7", message: "/7: a name is a string" },
	},
];

/** Attributes at /d. */
function attributes(title: string, xattrs: unknown, rule: string, text: string, limits = {}): BrokenTree {
	return {
		title,
		build: (tree) => Object.assign(tree.mkdir("/d"), { xattrs }),
		error: { code: "ERR_COMPOSEFS_XATTR", rule, path: "/d", message: `/d: ${text}`, ...limits },
	};
}

export const BROKEN_XATTRS: readonly BrokenTree[] = [
	attributes("no Map", { "user.a": NO_BYTES }, "xattr-type", "xattrs is not a Map"),
	attributes("an empty name", new Map([["", NO_BYTES]]), "xattr-name", "an xattr has no name"),
	attributes("a name that is none", new Map([[7, NO_BYTES]]), "xattr-name", "an xattr has no name"),
	attributes(
		"a name with NUL",
		new Map([["a\0", NO_BYTES]]),
		"xattr-name",
		"the name of an xattr has a NUL in it",
	),
	attributes(
		"a name of 256 bytes",
		new Map([["n".repeat(256), NO_BYTES]]),
		"xattr-name",
		`xattr "${"n".repeat(256)}": its name takes 256 bytes, the limit is 255`,
		{ limit: 255, actual: 256 },
	),
	attributes(
		"a name that is no bytes",
		new Map([["\ud800", NO_BYTES]]),
		"name-surrogate",
		'"\\ud800" has a lone surrogate that stands for no byte',
	),
	attributes(
		"a value as text",
		new Map([["a", "b"]]),
		"xattr-type",
		'xattr "a": its value is not a Uint8Array',
	),
	attributes(
		"a value of 65,536 bytes",
		new Map([["a", new Uint8Array(65536)]]),
		"xattr-value",
		'xattr "a": its value takes 65536 bytes, the limit is 65535',
		{ limit: 65535, actual: 65536 },
	),
	attributes(
		"a byte more than all may take together",
		new Map([
			["a", Buffer.alloc(20_000)],
			["b", Buffer.alloc(32_768 - 12 - 2 * 8 - 20_000)],
		]),
		"xattr-total",
		"xattrs take 32768 bytes, the limit is 32767",
		{ limit: 32767, actual: 32768 },
	),
];

function shape(
	title: string,
	rule: string,
	path: string,
	text: string,
	build: BrokenTree["build"],
): BrokenTree {
	return { title, build, error: { code: "ERR_COMPOSEFS_TREE", rule, path, message: `${path}: ${text}` } };
}

function nest(tree: Tree, levels: number): void {
	let at = tree.root;
	for (let level = 0; level < levels; level++) {
		const below = directory();
		at.children.set("d", below);
		at = below;
	}
}

const deepPath = "/d".repeat(2048);

export const BROKEN_SHAPES: readonly BrokenTree[] = [
	shape("a hard link to a directory", "directory-linked", "/e", "the directory has several names", (tree) =>
		tree.root.children.set("e", tree.mkdir("/d")),
	),
	shape(
		"a directory met again below another",
		"directory-linked",
		"/z/d",
		"the directory has several names",
		(tree) => {
			const inner = tree.mkdir("/a/b", { recursive: true });
			tree.mkdir("/z").children.set("d", inner);
			tree.rm("/a/b", { recursive: true });
			tree.root.children.set("b", inner);
		},
	),
	shape("a directory in itself", "cycle", "/d/d", "the directory contains itself", (tree) => {
		const inner = tree.mkdir("/d");
		inner.children.set("d", inner);
	}),
	shape("the root below itself", "cycle", "/a/b/c", "the directory contains itself", (tree) =>
		tree.mkdir("/a/b", { recursive: true }).children.set("c", tree.root),
	),
	shape("a whiteout with two names", "whiteout-linked", "/b", "a whiteout has several names", (tree) => {
		const gone = whiteout();
		tree.root.children.set("a", gone).set("b", gone);
	}),
	shape("children that are no Map", "children", "/d", "children is not a Map", (tree) =>
		Object.assign(tree.mkdir("/d"), { children: {} }),
	),
	{
		title: "10,000 levels",
		build: (tree) => nest(tree, 10_000),
		error: {
			code: "ERR_COMPOSEFS_TREE",
			rule: "depth",
			path: deepPath,
			message: `${deepPath}: the directory is 2049 levels deep, the limit is 2048`,
			limit: 2048,
			actual: 2049,
		},
	},
];

function rootOnly(
	title: string,
	root: unknown,
	code: string,
	rule: string,
	text: string,
	limits = {},
): BrokenTree {
	return {
		title,
		build: (tree) => Object.assign(tree, { root }),
		error: { code, rule, path: "/", message: `/: ${text}`, ...limits },
	};
}

export const BROKEN_ROOTS: readonly BrokenTree[] = [
	rootOnly("a file", file(), "ERR_COMPOSEFS_TREE", "root", "the root is not a directory"),
	rootOnly("a whiteout", whiteout(), "ERR_COMPOSEFS_TREE", "root", "the root is not a directory"),
	rootOnly("null", null, "ERR_COMPOSEFS_TREE", "root", "the root is not a directory"),
	rootOnly(
		"with a bad mode",
		{ ...directory(), mode: 0o40755 },
		"ERR_COMPOSEFS_INODE",
		"mode",
		"mode is 16877, not an integer from 0 to 4095",
		{ limit: 4095, actual: 16877 },
	),
];
