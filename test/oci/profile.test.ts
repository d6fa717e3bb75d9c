import { describe, expect, test } from "@jest/globals";
import { type MetadataOptions, symlink } from "../../src/inode.ts";
import { canonicalise, type Profile } from "../../src/oci/profile.ts";
import { Tree } from "../../src/tree.ts";
import { listing } from "../support/listing.ts";

const value = Uint8Array.of(1);
const xattrs: [string, Uint8Array][] = [
	["security.capability", value],
	["security.selinux", value],
	["user.a", value],
	["trusted.overlay.opaque", value],
];
const usr: MetadataOptions = { mode: 0o2751, uid: 3, gid: 4, mtimeNs: 5_000_000_006n, xattrs };

function example(): Tree {
	const tree = new Tree();
	tree.mkdir("/usr", usr);
	tree.mkdir("/run", { mode: 0o700, uid: 9, mtimeNs: 8n });
	tree.mkdir("/run/secrets");
	tree.writeFile("/usr/file", Buffer.from("x"), { mtimeNs: 7n, xattrs });
	tree.link("/usr/file", "/run/link");
	tree.link("/usr/file", "/usr/again");
	tree.writeFile("/usr/plain", Buffer.from("y"), { xattrs: [["security.capability", value]] });
	tree.symlink("file", "/usr/symlink", { xattrs: [["user.b", value]] });
	tree.mknod("/usr/dev", "block-device", { major: 1, minor: 2 }, { xattrs });
	tree.mknod("/usr/fifo", "fifo", { xattrs });
	return tree;
}

const namesOf = (tree: Tree, path: string) => [...(tree.get(path)?.xattrs?.keys() ?? [])];

describe("oci", () => {
	test("gives the root the metadata of /usr, and empties /run", async () => {
		const tree = await canonicalise(example(), "oci");
		expect(tree.root).toMatchObject({ mode: 0o2751, uid: 3, gid: 4, mtimeNs: 5_000_000_006n });
		expect(tree.get("/run")).toMatchObject({
			mode: 0o700,
			uid: 9,
			mtimeNs: 5_000_000_006n,
			children: new Map(),
		});
		expect(tree.readdir("/usr")).toEqual(["again", "dev", "fifo", "file", "plain", "symlink"]);
	});

	test("keeps the capabilities alone of all xattrs; times stay as they are", async () => {
		const tree = await canonicalise(example(), "oci");
		for (const path of ["/", "/usr", "/usr/file", "/usr/dev", "/usr/fifo", "/usr/plain"])
			expect(namesOf(tree, path)).toEqual(["security.capability"]);
		expect(namesOf(tree, "/usr/symlink")).toEqual([]);
		expect(tree.get("/usr/file")?.mtimeNs).toBe(7n);
		expect(tree.get("/usr/dev")).toMatchObject({ rdev: { major: 1, minor: 2 } });
		expect(tree.get("/usr/symlink")).toEqual(symlink("file"));
	});

	test("leaves hard links hard links, what needs no change shared, and the given tree as it was", async () => {
		const tree = example();
		const before = listing(tree);
		const result = await canonicalise(tree, "oci");
		expect(result.get("/usr/again")).toBe(result.get("/usr/file"));
		expect(result.get("/usr/plain")).toBe(tree.get("/usr/plain"));
		expect(listing(tree)).toEqual(before);
		expect(listing(await canonicalise(result, "oci"))).toEqual(listing(result));
	});

	test("needs no /run", async () => {
		const tree = new Tree();
		tree.mkdir("/usr");
		expect((await canonicalise(tree, "oci")).readdir("/")).toEqual(["usr"]);
	});

	test.each<[string, (tree: Tree) => unknown, string]>([
		["without /usr", () => undefined, "/usr: is not there"],
		["with a symlink /usr", (tree) => tree.symlink("x", "/usr"), "/usr: is a symlink, not a directory"],
		["with a file /run", (tree) => [tree.mkdir("/usr"), tree.writeFile("/run", value)], "/run: is a file"],
	])("%s is refused, as by composefs-rs", async (_title, make, message) => {
		const tree = new Tree();
		make(tree);
		await expect(canonicalise(tree, "oci")).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_OCI",
			rule: "profile",
			message: expect.stringContaining(message),
		});
	});
});

test("oci-user-xattrs keeps user xattrs too", async () => {
	const tree = await canonicalise(example(), "oci-user-xattrs");
	expect(namesOf(tree, "/usr/file")).toEqual(["security.capability", "user.a"]);
	expect(namesOf(tree, "/usr/symlink")).toEqual(["user.b"]);
});

test("raw is the tree itself", async () => {
	const tree = new Tree();
	expect(await canonicalise(tree, "raw")).toBe(tree);
});

test("another profile is refused; a signal stops it", async () => {
	await expect(canonicalise(example(), "boot" as Profile)).rejects.toMatchObject({
		code: "ERR_COMPOSEFS_ARGUMENT",
	});
	const signal = AbortSignal.abort(new Error("enough"));
	await expect(canonicalise(example(), "oci", { signal })).rejects.toThrow("enough");
});
