import { expect, test } from "@jest/globals";
import { directory, file } from "../../src/inode.ts";
import { copyOf, describe, emptyAs, impliedDirectory } from "../../src/oci/directories.ts";

const xattrs = new Map([["user.a", Uint8Array.of(1)]]);
const example = directory({ mode: 0o700, uid: 1, gid: 2, mtimeNs: 3n, xattrs });
example.children.set("a", file());

test("an implied directory says nothing of itself", () => {
	expect(impliedDirectory()).toEqual(directory({ mode: 0o755 }));
});

test("metadata goes from one to another, children do not", () => {
	const target = impliedDirectory();
	describe(target, example);
	expect(target).toEqual(emptyAs(example));
	expect(target).toMatchObject({ mode: 0o700, uid: 1, gid: 2, mtimeNs: 3n, xattrs, children: new Map() });
});

test("a copy has the same children, and room of its own", () => {
	const steps = copyOf(example);
	const { done, value } = steps.next();
	expect([done, value]).toEqual([true, example]);
	value?.children.delete("a");
	expect(example.children.size).toBe(1);
});
