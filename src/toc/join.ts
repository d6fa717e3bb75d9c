/** One entry of a table of contents, and the header of the tar that it was made from. */
import type { Inode } from "../inode.ts";
import type { LayerEntry } from "../layer-entry.ts";
import type { EntryDescription } from "../tar/describe.ts";
import { decodeAnyXattrName, decodeXattrName } from "../tar/xattrs.ts";
import { checkInode, Violation } from "../validate.ts";
import { fail } from "./fault.ts";

/** The entry, with the bytes that the header has; or throws, if they do not tell of the same. */
export function joinEntry(entry: LayerEntry, header: EntryDescription, offset: number): LayerEntry {
	const difference = differenceOf(entry, header);
	if (difference !== undefined) {
		const path = entry.name;
		fail("tar-split-mismatch", offset, `${path}: ${difference} is not that of the tar-split`, { path });
	}
	const { name } = header;
	if (entry.inode === undefined) return { name, linkName: header.linkName };
	const { inode } = entry;
	if (inode.type === "symlink") inode.target = header.linkName;
	if (header.xattrs !== undefined) inode.xattrs = header.xattrs;
	check(inode, name, offset);
	return { name, inode };
}

/** The field that differs. What is not UTF-8 is U+FFFD in the table. */
function differenceOf(entry: LayerEntry, header: EntryDescription): string | undefined {
	if (entry.name !== header.name.toWellFormed()) return "the name";
	if (entry.inode === undefined) {
		if (header.type !== "hardlink") return "the type";
		return entry.linkName === header.linkName.toWellFormed() ? undefined : "the target";
	}
	const { inode } = entry;
	if (inode.type !== header.type) return "the type";
	if (inode.mode !== header.mode) return "the mode";
	if (inode.uid !== header.uid || inode.gid !== header.gid) return "the owner";
	if (inode.mtimeNs !== header.mtimeNs) return "the time";
	if (!sameXattrs(inode.xattrs, header.xattrs)) return "an xattr";
	return differenceOfContent(inode, header);
}

function differenceOfContent(inode: Inode, header: EntryDescription): string | undefined {
	switch (inode.type) {
		case "file": {
			const size = inode.content?.length ?? inode.size;
			return size === (header.sparse?.size ?? header.stored) ? undefined : "the size";
		}
		case "symlink":
			return inode.target === header.linkName.toWellFormed() ? undefined : "the target";
		case "character-device":
		case "block-device": {
			const { major, minor } = inode.rdev;
			return major === header.rdev.major && minor === header.rdev.minor ? undefined : "the device number";
		}
		default:
			return undefined;
	}
}

type Xattrs = Map<string, Uint8Array> | undefined;

function sameXattrs(ours: Xattrs, theirs: Xattrs): boolean {
	if ((ours?.size ?? 0) !== (theirs?.size ?? 0)) return false;
	if (ours === undefined || theirs === undefined) return true;
	return DECODERS.some((decode) => isSame(ours, theirs, decode));
}

/**
 * Tables have the names as they are in the tar, with the escapes of its writer, and headers are read without them: this
 * package and GNU tar escape little, bsdtar much.
 */
const DECODERS: readonly ((name: string) => string)[] = [decodeXattrName, decodeAnyXattrName];

function isSame(
	ours: ReadonlyMap<string, Uint8Array>,
	theirs: ReadonlyMap<string, Uint8Array>,
	decode: (name: string) => string,
): boolean {
	const byName = new Map(Array.from(ours, ([name, value]) => [decode(name).toWellFormed(), value]));
	for (const [name, value] of theirs) {
		const text = name.toWellFormed();
		const other = byName.get(text);
		if (other === undefined || Buffer.compare(other, value) !== 0) return false;
		// As many as theirs: each stands for one of them.
		byName.delete(text);
	}
	return true;
}

/** Targets and xattrs are other ones now. */
function check(inode: Inode, path: string, offset: number): void {
	try {
		checkInode(inode);
	} catch (error) {
		if (error instanceof Violation) fail("tar-split", offset, `${path}: ${error.text}`, { path });
		throw error;
	}
}
