/** A tree becomes the entries of an archive, in the order of a walk. */
import { ComposefsError } from "../errors.ts";
import {
	type Directory,
	fileSize,
	type Inode,
	isOpaque,
	isWhiteout,
	OPAQUE,
	type RegularFile,
} from "../inode.ts";
import type { Tree } from "../tree.ts";
import { walkInSteps } from "../walk.ts";
import type { TarEntryType } from "./entry.ts";
import type { TarHeader } from "./write-header.ts";

/**
 * How whiteouts and opaque directories are written. `oci`: as the image specification has them in layers, `.wh.NAME`
 * and `.wh..wh..opq`. `overlay`: as in the tree, a device 0:0 and the xattr `trusted.overlay.opaque`.
 */
export type TarMarks = "oci" | "overlay";

/** An entry to be written. */
export interface WrittenEntry extends TarHeader {
	/** Its path in the tree. */
	readonly path: string;
	/** Has the content; undefined where there is none. */
	readonly file: RegularFile | undefined;
}

const MARK = ".wh.";
const OPAQUE_MARK = ".wh..wh..opq";
const NO_DEVICE = { major: 0, minor: 0 };

const TYPES: Readonly<Record<Inode["type"], TarEntryType | undefined>> = {
	directory: "directory",
	file: "file",
	symlink: "symlink",
	"character-device": "character-device",
	"block-device": "block-device",
	fifo: "fifo",
	socket: undefined,
};

/**
 * The entries of a tree that has been through the gate: the root as `./`, parents before children, siblings in the
 * order of their bytes. The first name of an inode is its entry, the others are links to it. Yields undefined where a
 * wide directory takes long.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_INODE`, rule `socket`; `ERR_COMPOSEFS_NAME`, rule `whiteout-name`
 */
export function* treeEntries(tree: Tree, marks: TarMarks): Generator<WrittenEntry | undefined> {
	const links = new Map<Inode, string>();
	const isOci = marks === "oci";
	for (const met of walkInSteps(tree)) {
		if (met === undefined) {
			yield undefined;
			continue;
		}
		const { path, inode } = met;
		const name = path.slice(1);
		if (isOci) checkName(path);
		if (inode.type === "directory") {
			const isMarked = isOci && isOpaque(inode);
			yield directoryEntry(path, inode, isMarked);
			if (isMarked) yield markEntry(path, name === "" ? OPAQUE_MARK : `${name}/${OPAQUE_MARK}`, inode);
			continue;
		}
		if (isOci && isWhiteout(inode)) {
			const at = name.lastIndexOf("/") + 1;
			yield markEntry(path, `${name.slice(0, at)}${MARK}${name.slice(at)}`, inode);
			continue;
		}
		const first = links.get(inode);
		if (first === undefined) links.set(inode, name);
		yield first === undefined ? leafEntry(path, inode) : linkEntry(path, inode, first);
	}
}

/** Such a name would take something away from lower layers. */
function checkName(path: string): void {
	if (!path.includes(`/${MARK}`)) return;
	const text = `${path}: a name that begins with ${MARK} is a whiteout in a layer`;
	throw new ComposefsError("ERR_COMPOSEFS_NAME", text, { rule: "whiteout-name", path });
}

function directoryEntry(path: string, inode: Directory, isMarked: boolean): WrittenEntry {
	const { mode, uid, gid, mtimeNs } = inode;
	let { xattrs } = inode;
	if (isMarked) {
		xattrs = new Map(xattrs);
		xattrs.delete(OPAQUE);
	}
	const name = path === "/" ? "./" : `${path.slice(1)}/`;
	const type = "directory";
	const linkName = "";
	const file = undefined;
	return { path, name, type, mode, uid, gid, mtimeNs, size: 0, linkName, rdev: NO_DEVICE, xattrs, file };
}

function leafEntry(path: string, inode: Exclude<Inode, Directory>): WrittenEntry {
	const { mode, uid, gid, mtimeNs, xattrs } = inode;
	const type = typeOf(path, inode);
	const size = inode.type === "file" ? fileSize(inode) : 0;
	const file = inode.type === "file" && size > 0 ? inode : undefined;
	const linkName = inode.type === "symlink" ? inode.target : "";
	const rdev = "rdev" in inode ? inode.rdev : NO_DEVICE;
	return { path, name: path.slice(1), type, mode, uid, gid, mtimeNs, size, linkName, rdev, xattrs, file };
}

/** Linux takes it from a file that gets an owner; containerd and podman give one under each name. */
const CAPABILITY = "security.capability";

/** A link's metadata is that of its inode. Of its xattrs there is the one that it would lose. */
function linkEntry(path: string, inode: Inode, linkName: string): WrittenEntry {
	const { mode, uid, gid, mtimeNs } = inode;
	const none = undefined;
	const capability = inode.xattrs?.get(CAPABILITY);
	return {
		path,
		name: path.slice(1),
		type: "hardlink",
		mode,
		uid,
		gid,
		mtimeNs,
		size: 0,
		linkName,
		rdev: NO_DEVICE,
		xattrs: capability && new Map([[CAPABILITY, capability]]),
		file: none,
	};
}

/** An empty file whose name says what it takes away. */
function markEntry(path: string, name: string, { uid, gid, mtimeNs }: Inode): WrittenEntry {
	const none = undefined;
	return {
		path,
		name,
		type: "file",
		mode: 0,
		uid,
		gid,
		mtimeNs,
		size: 0,
		linkName: "",
		rdev: NO_DEVICE,
		xattrs: none,
		file: none,
	};
}

function typeOf(path: string, inode: Inode): TarEntryType {
	const type = TYPES[inode.type];
	if (type !== undefined) return type;
	const text = `${path}: a ${inode.type}, which no archive can hold`;
	throw new ComposefsError("ERR_COMPOSEFS_INODE", text, { rule: inode.type, path });
}
