import { expect, test } from "@jest/globals";
import { directory, file } from "../../src/inode.ts";
import { copyOf, emptyAs, impliedDirectory } from "../../src/oci/directories.ts";

const xattrs = new Map([["user.a", Uint8Array.of(1)]]);
const example = directory({ mode: 0o700, uid: 1, gid: 2, mtimeNs: 3n, xattrs });
example.children.set("a", file());

test("an implied directory says nothing of itself", () => {
	expect(impliedDirectory()).toEqual(directory({ mode: 0o755 }));
});

test("an empty one has the metadata of another, and no children", () => {
	const metadata = { mode: 0o700, uid: 1, gid: 2, mtimeNs: 3n, xattrs };
	expect(emptyAs(example)).toEqual({ ...directory(metadata), children: new Map() });
});

test("a copy has the same children, and room of its own", () => {
	const steps = copyOf(example);
	const { done, value } = steps.next();
	expect([done, value]).toEqual([true, example]);
	value?.children.delete("a");
	expect(example.children.size).toBe(1);
});
