import { expect, test } from "@jest/globals";
import { device, directory, fifo, file, type Inode, symlink } from "../src/inode.ts";
import { changedAttributes } from "../src/inode-changes.ts";

const object = { size: 10, digest: "ab".repeat(32), path: "ab/cd" };
const withXattr = (text: string) => fifo({ xattrs: [["user.a", Buffer.from(text)]] });

test.each<[Inode, Inode, string[]]>([
	[file(object), file(object), []],
	[file(), fifo(), ["type"]],
	[directory({ mode: 0o700, uid: 5 }), directory({ mtime: 1 }), ["mode", "owner", "mtime"]],
	[withXattr("1"), withXattr("2"), ["xattr"]],
	[withXattr("1"), fifo(), ["xattr"]],
	[file(Buffer.from("a")), file(Buffer.from("b")), ["content"]],
	[file(object), file({ ...object, digest: "cd".repeat(32) }), ["content"]],
	[symlink("a"), symlink("b"), ["content"]],
	[
		device("block-device", { major: 1, minor: 2 }),
		device("block-device", { major: 1, minor: 3 }),
		["content"],
	],
])("%#: what differs", (before, after, attributes) => {
	expect(changedAttributes(before, after)).toEqual(attributes);
});
