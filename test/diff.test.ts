import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Change, diff } from "../src/diff.ts";
import { file, type Inode } from "../src/inode.ts";
import { Tree } from "../src/tree.ts";
import { writeImage } from "../src/write.ts";
import { arbitraryTree } from "./support/arbitrary-tree.ts";
import { cpuTimeOf, FAR_TOO_MUCH_MS } from "./support/cpu-time.ts";
import { deepDirectory } from "./support/deep-directory.ts";

function sample(): Tree {
	const tree = new Tree();
	tree.mkdir("/etc", { xattrs: [["user.a", Buffer.from("1")]] });
	tree.writeFile("/etc/inline", Buffer.from("content"));
	tree.writeFile("/etc/external", { size: 10, digest: "ab".repeat(32), path: "ab/cd" });
	tree.symlink("target", "/etc/link");
	tree.mknod("/etc/device", "block-device", { major: 8, minor: 1 });
	tree.link("/etc/device", "/etc/twin");
	tree.mkdir("/usr/bin", { recursive: true });
	tree.writeFile("/usr/bin/tool", Buffer.from("tool"));
	return tree;
}

/** A change as one line. */
function line(change: Change): string {
	return change.kind === "changed"
		? `${change.path}: ${change.attributes.join(", ")}`
		: `${change.path} ${change.kind}`;
}

async function lines(change: (tree: Tree) => void): Promise<string[]> {
	const after = sample();
	change(after);
	return (await diff(sample(), after)).map(line);
}

function inodeAt(tree: Tree, path: string): Inode & { target?: string } {
	return tree.get(path) as Inode;
}

function expectAllOrNone(told: readonly Inode[], tree: Tree): void {
	const all = Array.from(tree.walk(), ({ inode }) => inode);
	for (const inode of new Set(told))
		expect(told.filter((other) => other === inode)).toHaveLength(
			all.filter((other) => other === inode).length,
		);
}

describe("diff", () => {
	test.each<[string, (tree: Tree) => void, string[]]>([
		["nothing", () => {}, []],
		["a mode", (tree) => (inodeAt(tree, "/usr").mode = 0o700), ["/usr: mode"]],
		["an owner", (tree) => (inodeAt(tree, "/usr").gid = 5), ["/usr: owner"]],
		["a time", (tree) => (inodeAt(tree, "/").mtimeNs = 1n), ["/: mtime"]],
		["a xattr gone", (tree) => (inodeAt(tree, "/etc").xattrs = undefined), ["/etc: xattr"]],
		["another target", (tree) => (inodeAt(tree, "/etc/link").target = "x"), ["/etc/link: content"]],
		[
			"an xattr of another value",
			(tree) => inodeAt(tree, "/etc").xattrs?.set("user.a", Buffer.from("2")),
			["/etc: xattr"],
		],
		["other bytes", (tree) => tree.writeFile("/etc/inline", Buffer.from("x")), ["/etc/inline: content"]],
		["bytes elsewhere", (tree) => tree.writeFile("/etc/inline", { size: 7 }), ["/etc/inline: content"]],
		[
			"another size",
			(tree) => Object.assign(inodeAt(tree, "/etc/external"), { size: 9 }),
			["/etc/external: content"],
		],
		[
			"another digest",
			(tree) => Object.assign(inodeAt(tree, "/etc/external"), { digest: undefined }),
			["/etc/external: content"],
		],
		[
			"another device number",
			(tree) => Object.assign(inodeAt(tree, "/etc/twin"), { rdev: { major: 8, minor: 2 } }),
			["/etc/device: content", "/etc/twin: content"],
		],
		[
			"another type",
			(tree) => {
				tree.rm("/usr/bin", { recursive: true });
				tree.symlink("x", "/usr/bin", { mode: 0o755 });
			},
			["/usr/bin: type", "/usr/bin/tool removed"],
		],
		["a name gone", (tree) => tree.rm("/etc/twin"), ["/etc/device: link group", "/etc/twin removed"]],
		[
			"links parted",
			(tree) => {
				tree.rm("/etc/twin");
				tree.mknod("/etc/twin", "block-device", { major: 8, minor: 1 });
			},
			["/etc/device: link group", "/etc/twin: link group"],
		],
		["folders", (tree) => tree.mkdir("/var/a", { recursive: true }), ["/var added", "/var/a added"]],
	])("%s", async (_title, change, expected) => {
		expect(await lines(change)).toEqual(expected);
	});

	test("two images that differ in a mode, an xattr, a file removed and one added", async () => {
		const after = sample();
		inodeAt(after, "/usr").mode = 0o500;
		inodeAt(after, "/etc").xattrs?.set("user.b", Buffer.from("2"));
		after.rm("/usr/bin/tool");
		after.writeFile("/new", Buffer.from("new"));
		const images = await Promise.all([sample(), after].map(async (tree) => (await writeImage(tree)).image));
		const changes = await diff(images[0] as Uint8Array, images[1] as Uint8Array);
		expect(changes.map(line)).toEqual(["/etc: xattr", "/new added", "/usr: mode", "/usr/bin/tool removed"]);
	});

	test("a tree and its image are the same", async () => {
		await fc.assert(
			fc.asyncProperty(arbitraryTree({ whiteouts: false }), async (tree) => {
				expect(await diff(tree, (await writeImage(tree)).image)).toEqual([]);
			}),
			{ numRuns: 50 },
		);
	});

	test("of an inode with several names, all are there or none, as one object", async () => {
		await fc.assert(
			fc.asyncProperty(arbitraryTree(), arbitraryTree(), async (before, after) => {
				const changes = await diff(before, after);
				expectAllOrNone(
					changes.flatMap((change) => (change.kind === "added" ? [] : [change.before])),
					before,
				);
				expectAllOrNone(
					changes.flatMap((change) => (change.kind === "removed" ? [] : [change.after])),
					after,
				);
			}),
			{ numRuns: 50 },
		);
	});

	test("bug: paths of an inode with many long ones were joined to more than a string can have", async () => {
		const trees = [2000, 2001].map((count) => {
			const { root, deepest } = deepDirectory();
			const inode = file(Buffer.from("x"));
			for (let n = 0; n < count; n++) deepest.children.set(`${n}`, inode);
			return new Tree(root);
		});
		const changes = await diff(trees[0] as Tree, trees[1] as Tree);
		expect(changes).toHaveLength(2001);
		expect(changes[0]).toMatchObject({ kind: "changed", attributes: ["link group"] });
		expect(changes.filter(({ kind }) => kind === "added")).toHaveLength(1);
	});

	test("bug: the names of one inode took the square of their number", async () => {
		const trees = [1, 2].map(() => {
			const inode = file(Buffer.from("x"));
			const tree = new Tree();
			for (let n = 0; n < 300_000; n++) tree.root.children.set(`${n}`, inode);
			return tree;
		});
		const time = await cpuTimeOf(async () => {
			expect(await diff(trees[0] as Tree, trees[1] as Tree)).toEqual([]);
		});
		expect(time).toBeLessThan(FAR_TOO_MUCH_MS);
	});

	test("stops at a signal", async () => {
		const reason = new Error("enough");
		const tree = new Tree();
		for (let n = 0; n < 5000; n++) tree.mknod(`/${n}`, "fifo");
		await expect(diff(tree, new Tree(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
	});
});
