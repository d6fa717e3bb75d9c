import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Directory, directory, fifo, type Inode } from "../src/inode.ts";
import { InodeIndex } from "../src/inode-index.ts";
import { Upcoming } from "../src/upcoming.ts";

/** The paths of all that comes, and how often it was looked for. */
function walk(
	root: Directory,
	isRefused = (_inode: Inode, _path: string) => false,
): { paths: string[]; looks: number } {
	const upcoming = new Upcoming();
	const seen = new InodeIndex();
	const pathsOf = new Map<unknown, string>([[undefined, ""]]);
	const paths: string[] = [];
	let looks = 0;
	upcoming.begin(root);
	for (;;) {
		if (upcoming.next()) {
			const { name, inode, place } = upcoming;
			const path = `${place.parent === undefined ? "" : pathsOf.get(place.directory)}/${String(name)}`;
			paths.push(path);
			pathsOf.set(inode, path);
			if (isRefused(inode, path)) upcoming.refuse();
		} else {
			looks++;
			if (!upcoming.look(seen)) return { paths, looks };
		}
	}
}

/** The same order, written plainly. */
function plainWalk({ children }: Directory, above = ""): string[] {
	const directories = [...children].filter(([, inode]) => inode.type === "directory");
	if (directories.every(([name]) => /^[\0-\x7f]*$/.test(name)))
		directories.sort(([a], [b]) => (a < b ? -1 : 1));
	const below = directories.flatMap(([name, inode]) => plainWalk(inode as Directory, `${above}/${name}`));
	return [...[...children.keys()].map((name) => `${above}/${name}`), ...below];
}

function directoryOf(children: Iterable<readonly [string, Inode]>): Directory {
	const made = directory();
	for (const [name, inode] of children) made.children.set(name, inode);
	return made;
}

const text = fc.string({ minLength: 1, maxLength: 3 }).map((name) => name.replaceAll("/", "_"));
const names = fc.oneof(text, fc.constantFrom("a", "b", "é", "ｚ", "😀"));
const { tree } = fc.letrec<{ tree: Inode; leaf: Inode; folder: Inode }>((tie) => ({
	leaf: fc.constant(undefined).map(() => fifo()),
	folder: fc.array(fc.tuple(names, tie("tree")), { maxLength: 9 }).map(directoryOf),
	tree: fc.oneof({ depthSize: "medium", withCrossShrink: true }, tie("leaf"), tie("folder")),
}));
const someTree = fc.array(fc.tuple(names, tree), { maxLength: 200 }).map(directoryOf);

describe("the order", () => {
	test("is that of a plain walk", () => {
		fc.assert(fc.property(someTree, (root) => expect(walk(root).paths).toEqual(plainWalk(root))));
	});

	test("holds for few directories and for many", () => {
		for (const count of [2, 16, 17, 150]) {
			const shuffled = Array.from(
				{ length: count },
				(_, n) => [`${(n * 7919) % count}`, directory()] as const,
			);
			for (const [, own] of shuffled) own.children.set("child", fifo());
			const root = directoryOf(shuffled);
			expect(walk(root).paths).toEqual(plainWalk(root));
		}
	});

	test("holds for more names than are known ahead, in one directory and in many", () => {
		const many = () => Array.from({ length: 300 }, (_, n) => [`${n}`, fifo()] as const);
		const root = directoryOf([...many(), ["d", directoryOf(many())], ["c", directoryOf(many())]]);
		expect(walk(root).paths).toEqual(plainWalk(root));
	});

	test("a look takes a bounded number of directories, even if there is nothing in them", () => {
		const root = directoryOf(Array.from({ length: 10_000 }, (_, n) => [`${n}`, directory()] as const));
		const { paths, looks } = walk(root);
		expect(paths).toHaveLength(10_000);
		expect(looks).toBeGreaterThan(300);
	});
});

describe("what is refused", () => {
	test("leads nowhere, whether or not it was looked into already", () => {
		const refused = new Set<Inode>();
		const folder = (...children: [string, Inode][]) => directoryOf(children);
		const deep = folder(["x", folder(["y", folder(["z", fifo()])])]);
		const wide = directoryOf(
			Array.from({ length: 500 }, (_, n) => [`${n}`, folder(["in", fifo()])] as const),
		);
		const root = folder(["deep", deep], ["kept", folder(["a", fifo()])], ["wide", wide]);
		refused.add(deep).add(wide);
		expect(walk(root, (inode) => refused.has(inode)).paths).toEqual(["/deep", "/kept", "/wide", "/kept/a"]);
	});

	test("may contain itself", () => {
		const root = directory();
		const inner = directoryOf([["root", root]]);
		root.children.set("inner", inner).set("self", root);
		expect(walk(root, (inode) => inode === root).paths).toEqual(["/inner", "/self", "/inner/root"]);
	});

	test("nothing below it is met, in any tree", () => {
		const chosen = fc.infiniteStream(fc.boolean());
		fc.assert(
			fc.property(someTree, chosen, (root, choices) => {
				const refused: string[] = [];
				const { paths } = walk(root, (_inode, path) => {
					const refuses = choices.next().value as boolean;
					if (refuses) refused.push(path);
					return refuses;
				});
				const expected = plainWalk(root).filter(
					(path) => !refused.some((above) => path.startsWith(`${above}/`)),
				);
				expect(paths).toEqual(expected);
			}),
		);
	});
});

test("what is no inode comes as it is, and ends nothing", () => {
	const symbol = Symbol("name") as unknown as string;
	const root = directoryOf([
		["null", null],
		["number", 7],
		["file", { type: "file", mtimeNs: 5 }],
		["folder", { ...directory(), children: null }],
		["end", fifo()],
	] as unknown as [string, Inode][]);
	root.children.set(symbol, directoryOf([["below a symbol", fifo()]]));
	const expected = ["/null", "/number", "/file", "/folder", "/end", "/Symbol(name)"];
	expect(walk(root).paths).toEqual(expected);
});

test("forgets a tree wherever in it the walk was", () => {
	const seen = new InodeIndex();
	const upcoming = new Upcoming();
	upcoming.begin(directoryOf([["a", directoryOf([["b", fifo()]])]]));
	upcoming.look(seen);
	upcoming.next();
	upcoming.refuse();
	upcoming.forget();
	expect(upcoming.next()).toBe(false);
	expect(upcoming.look(seen)).toBe(false);
	upcoming.begin(directoryOf([["c", fifo()]]));
	expect(upcoming.look(seen)).toBe(true);
	expect(upcoming.next()).toBe(true);
	expect(upcoming.name).toBe("c");
});
