import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Directory, directory } from "../../src/inode.ts";
import { type Bytes, JsonCursor, TextRange } from "../../src/toc/json.ts";
import { PathWalker } from "../../src/toc/path-walker.ts";

function show(cursor: JsonCursor, text: string): void {
	const bytes = Buffer.from(`${text}\0`) as Bytes;
	cursor.show(bytes, bytes.length - 1, true);
}

/** A walker that makes what is not there, over texts in one window. */
function walkAll(paths: readonly { text: string; isForgotten: boolean }[]): [string, string][] {
	const names = new Map<Directory, string>();
	const root = directory();
	names.set(root, "");
	const walker = new PathWalker({
		enter(parent, name) {
			const found = parent.children.get(name) ?? directory();
			parent.children.set(name, found);
			names.set(found as Directory, `${names.get(parent)}/${name}`);
			return found as Directory;
		},
	});
	walker.begin(root);
	const cursor = new JsonCursor();
	show(cursor, paths.map(({ text }) => text).join(""));
	const range = new TextRange();
	return paths.map(({ isForgotten }) => {
		cursor.string(range);
		if (isForgotten) walker.forget();
		const parent = walker.walk(cursor, range);
		return [names.get(parent) as string, walker.name];
	});
}

/** The same by splitting. */
function expectedOf(text: string): [string, string] {
	const names = (JSON.parse(text) as string).split("/").filter((name) => name !== "" && name !== ".");
	const last = names.pop() ?? "";
	return [names.map((name) => `/${name}`).join(""), last];
}

const name = fc.constantFrom("a", "b", "ab", "abc", "é", "..a", "", ".", "\\u0061", "\\n");
const text = fc.array(name, { maxLength: 6 }).map((names) => `"${names.join("/")}"`);

test("each path leads where it says, whatever came before it", () => {
	fc.assert(
		fc.property(fc.array(fc.record({ text, isForgotten: fc.boolean() }), { maxLength: 12 }), (paths) => {
			expect(walkAll(paths)).toEqual(paths.map(({ text }) => expectedOf(text)));
		}),
		{ numRuns: 1000 },
	);
});

test("a path may be the way of the one before it, or part of that", () => {
	const paths = ["a/b/c", "a/b/", "a//", "a/b/c/d", "./", "", "a/bc", "a/b"].map((path) => `"${path}"`);
	expect(walkAll(paths.map((text) => ({ text, isForgotten: false })))).toEqual(paths.map(expectedOf));
});

test("a path that has left the window is not compared", () => {
	const cursor = new JsonCursor();
	const root = directory();
	const walker = new PathWalker({
		enter(parent, name) {
			const child = directory();
			parent.children.set(name, child);
			return child;
		},
	});
	walker.begin(root);
	const range = new TextRange();
	show(cursor, '"a/x"');
	cursor.string(range);
	walker.walk(cursor, range);
	show(cursor, '"b/y"');
	cursor.base = 5;
	cursor.at = 0;
	cursor.string(range);
	expect(walker.walk(cursor, range)).toBe(root.children.get("b"));
});
