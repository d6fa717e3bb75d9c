/** Trees for properties: all kinds of inodes, hard links, names and targets of any bytes, xattrs, odd times. */
import fc from "fast-check";
import {
	device,
	directory,
	fifo,
	file,
	type Inode,
	isWhiteout,
	socket,
	symlink,
	whiteout,
} from "../../src/inode.ts";
import { bytesToName } from "../../src/names.ts";
import { Tree } from "../../src/tree.ts";

export interface ArbitraryTreeOptions {
	/** Default: true */
	readonly whiteouts?: boolean;
}

const SLASH = 0x2f;

const text = (maxLength: number) => fc.uint8Array({ min: 1, minLength: 1, maxLength }).map(bytesToName);
const shortName = fc
	.uint8Array({ min: 1, minLength: 1, maxLength: 12 })
	.map((bytes) => bytesToName(bytes.map((byte) => (byte === SLASH ? SLASH + 1 : byte))));

/** What dumps, images or mkcomposefs might treat specially. */
const oddName = fc.constantFrom(
	..."-|--|@|=|a=b| |a b|\\|\\x41|\n|\r|\t|...|00|7f|ff|FF|é|\ufeff|\uffee|😀|\udcff|\udcc3(".split("|"),
	"n".repeat(255),
);
const arbitraryName = fc
	.oneof(fc.constantFrom("a", "b", "c", "usr", "etc"), oddName, shortName)
	.filter((name) => name !== "." && name !== "..");

const target = fc.oneof(
	fc.constantFrom("a", "../b", "/usr/bin/x", "-", "t".repeat(100), "l".repeat(4000)),
	text(20),
);

const time = fc.oneof(
	fc.constantFrom(0n, 1n, -1n, 999_999_999n, 1_000_000_000n, 1_700_000_000_123_456_789n),
	fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
);

const id = fc.constantFrom(0, 1, 1000, 65535, 65536, 2 ** 31, 2 ** 32 - 1);
const bytes = (maxLength: number) => fc.uint8Array({ maxLength });

const xattrName = fc.oneof(
	fc.constantFrom("user.a", "user.", "user", "security.selinux", "security.capability", "trusted.a"),
	fc.constantFrom("trusted.overlay.opaque", "trusted.overlay.other", "user.overlay.x"),
	fc.constantFrom("system.posix_acl_access", "system.posix_acl_default", "a=b", "odd name"),
	text(12),
);

const xattrValue = fc.oneof(
	fc.constantFrom("", "-", "=", "y", "system_u:object_r:bin_t:s0\0").map((value) => Buffer.from(value)),
	bytes(30),
);

const xattrs = fc.option(
	fc.uniqueArray(fc.tuple(xattrName, xattrValue), { minLength: 1, maxLength: 4, selector: ([name]) => name }),
	{ nil: undefined, freq: 2 },
);

const mode = fc.integer({ min: 0, max: 0o7777 });
const metadata = fc.record({ mode, uid: id, gid: id, mtimeNs: time, xattrs });

const none = { nil: undefined };
const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((raw) => Buffer.from(raw).toString("hex"));
const external = fc.record({
	size: fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.constantFrom(4096, 2 ** 31, 2 ** 32 + 1, 2 ** 53)),
	digest: fc.option(digest, none),
	path: fc.option(target, none),
});
const content = fc.oneof(bytes(64), fc.constantFrom(Buffer.from("-"), Buffer.alloc(5000, 7)), external);
const rdev = fc.record({
	major: fc.integer({ min: 0, max: 4095 }),
	minor: fc.integer({ min: 1, max: 2 ** 20 - 1 }),
});
const deviceType = fc.constantFrom("character-device" as const, "block-device" as const);

/** Makes an inode: shrinking, fast-check asks for it again and again. */
type Make = () => Inode;

const leaves: readonly fc.Arbitrary<Make>[] = [
	fc.tuple(content, metadata).map((args) => () => file(...args)),
	fc.tuple(target, metadata).map((args) => () => symlink(...args)),
	fc.tuple(deviceType, rdev, metadata).map((args) => () => device(...args)),
	metadata.map((options) => () => fifo(options)),
	metadata.map((options) => () => socket(options)),
];
const aWhiteout: fc.Arbitrary<Make> = metadata.map((options) => () => whiteout(options));

interface Node {
	readonly name: string;
	readonly make: Make;
	readonly children?: readonly Node[];
}

function nodes({ whiteouts = true }: ArbitraryTreeOptions): fc.Arbitrary<Node[]> {
	const makeLeaf = whiteouts ? fc.oneof(...leaves, aWhiteout) : fc.oneof(...leaves);
	const leaf = fc.record({ name: arbitraryName, make: makeLeaf });
	const makeFolder = metadata.map((options) => () => directory(options));
	return fc.letrec<{ list: Node[]; folder: Node }>((tie) => ({
		list: fc.uniqueArray(fc.oneof({ depthSize: "small" }, leaf, tie("folder")), {
			maxLength: 6,
			selector: ({ name }) => name,
		}),
		folder: fc.record({ name: arbitraryName, make: makeFolder, children: tie("list") }),
	})).list;
}

/** A further name for one of the inodes, in one of the directories. */
const link = fc.record({ inode: fc.nat(), directory: fc.nat(), name: arbitraryName });

export function arbitraryTree(options: ArbitraryTreeOptions = {}): fc.Arbitrary<Tree> {
	return fc.tuple(metadata, nodes(options), fc.array(link, { maxLength: 4 })).map(([root, list, links]) => {
		const tree = new Tree(directory(root));
		grow(tree.root, list);
		for (const { inode, directory: folder, name } of links) addLink(tree, inode, folder, name);
		return tree;
	});
}

function grow(parent: Inode, list: readonly Node[]): void {
	if (parent.type !== "directory") return;
	for (const { name, make, children = [] } of list) {
		const made = make();
		parent.children.set(name, made);
		grow(made, children);
	}
}

function addLink(tree: Tree, inodeNumber: number, folderNumber: number, name: string): void {
	const inodes = Array.from(tree.walk(), ({ inode }) => inode);
	const folders = inodes.filter((inode) => inode.type === "directory");
	const linkable = inodes.filter((inode) => inode.type !== "directory" && !isWhiteout(inode));
	const folder = folders[folderNumber % folders.length];
	const inode = linkable[inodeNumber % linkable.length];
	if (folder !== undefined && inode !== undefined && !folder.children.has(name))
		folder.children.set(name, inode);
}
