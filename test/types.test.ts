import { tracingChannel } from "node:diagnostics_channel";
import { expect, test } from "@jest/globals";
import { parseDump } from "../src/dump/index.ts";
import {
	computeDigest,
	type Device,
	type DiagnosticsMessage,
	device,
	type ExternalFile,
	file,
	type InlineFile,
	type Inode,
	type Symlink,
	symlink,
	Tree,
	writeImage,
} from "../src/index.ts";

// What cannot exist cannot be written down: each line below would fail to compile if it could.

const metadata = { mode: 0, uid: 0, gid: 0, mtimeNs: 0n };
const content = new Uint8Array(0);

/** Compiled, never called. */
const wrong: readonly unknown[] = [
	// @ts-expect-error a symlink has a target
	(): Symlink => ({ type: "symlink", ...metadata }),
	// @ts-expect-error a symlink has a target
	() => symlink(),
	// @ts-expect-error a file has content or a size
	(): Inode => ({ type: "file", ...metadata }),
	// @ts-expect-error a file cannot have both content and size
	(): Inode => ({ type: "file", ...metadata, content, size: 0 }),
	// @ts-expect-error a file in the image has no digest
	(): InlineFile => ({ type: "file", ...metadata, content, digest: "" }),
	// @ts-expect-error an object path is no content
	(): ExternalFile => ({ type: "file", ...metadata, path: "a" }),
	// @ts-expect-error what is not in the image has a size
	() => file({ digest: "" }),
	// @ts-expect-error text is no content: in which encoding?
	() => file("text"),
	// @ts-expect-error a device has a number
	(): Device => ({ type: "block-device", ...metadata }),
	// @ts-expect-error a fifo is no device
	() => device("fifo", { major: 0, minor: 0 }),
	// @ts-expect-error a directory has children
	(): Inode => ({ type: "directory", ...metadata }),
	// @ts-expect-error there is no node for a hard link
	(): Inode => ({ type: "hardlink", ...metadata, target: "" }),
	// @ts-expect-error link counts follow from the tree
	(): Inode => ({ type: "fifo", ...metadata, nlink: 1 }),
	// @ts-expect-error times are bigint
	(): Inode => ({ type: "fifo", ...metadata, mtimeNs: 0 }),
	// @ts-expect-error xattrs are a Map
	(): Inode => ({ type: "fifo", ...metadata, xattrs: { a: content } }),
	(inode: Inode) => {
		// @ts-expect-error a type does not change
		inode.type = "fifo";
	},
	// @ts-expect-error the root is a directory
	() => new Tree(file()),
	// @ts-expect-error a fifo has no device number
	() => new Tree().mknod("/p", "fifo", { major: 0, minor: 0 }),
	// @ts-expect-error a device has one
	() => new Tree().mknod("/d", "block-device"),
	// @ts-expect-error bytes are no destination of an image, but a path's
	() => writeImage(new Tree(), { to: 1 }),
	// @ts-expect-error a tree is no plain object
	() => writeImage({}),
	// @ts-expect-error a descriptor alone is not enough
	() => computeDigest(1),
	// @ts-expect-error a dump is text or bytes
	() => parseDump(new Tree()),
];

/** Compiled, never called. */
const right: readonly unknown[] = [
	(given: { readonly deep?: boolean | undefined }) => {
		const tree = new Tree();
		tree.mkdir("/a", { recursive: given.deep });
		tree.rm("/a", { recursive: given.deep, force: given.deep });
	},
	() =>
		tracingChannel<unknown, DiagnosticsMessage<"composefs:write-image">>("composefs:write-image").subscribe({
			start: ({ to }) => to?.length,
			end: () => undefined,
			asyncStart: () => undefined,
			asyncEnd: ({ result }) => result?.digest.length,
			error: ({ error }) => error,
		}),
];

test("what is right compiles, and narrows by its type", () => {
	const size = (inode: Inode): number => {
		if (inode.type === "file") return inode.content === undefined ? inode.size : inode.content.length;
		return inode.type === "symlink" ? inode.target.length : 0;
	};
	expect(wrong).toHaveLength(23);
	expect(right).toHaveLength(2);
	expect([file(content), file({ size: 7 }), symlink("abc")].map(size)).toEqual([0, 7, 3]);
});
