/** What differs between two inodes, whatever their names. */
import type { Inode } from "./inode.ts";

/**
 * What of an inode has changed. `owner`: uid or gid. `content`: a file's bytes, size, digest or object, a
 * symlink's target, a device's number. `link group`: which names it has.
 */
export type ChangedAttribute = "type" | "mode" | "owner" | "mtime" | "xattr" | "content" | "link group";

/** All but the link group, which only their trees tell. */
export function changedAttributes(before: Inode, after: Inode): ChangedAttribute[] {
	const attributes: ChangedAttribute[] = [];
	if (before.type !== after.type) attributes.push("type");
	if (before.mode !== after.mode) attributes.push("mode");
	if (before.uid !== after.uid || before.gid !== after.gid) attributes.push("owner");
	if (before.mtimeNs !== after.mtimeNs) attributes.push("mtime");
	if (!haveSameXattrs(before, after)) attributes.push("xattr");
	if (before.type === after.type && !haveSameContent(before, after)) attributes.push("content");
	return attributes;
}

function haveSameXattrs({ xattrs: before }: Inode, { xattrs: after }: Inode): boolean {
	if ((before?.size ?? 0) !== (after?.size ?? 0)) return false;
	if (before === undefined || after === undefined) return true;
	for (const [name, value] of before) {
		const other = after.get(name);
		if (other === undefined || !areEqual(value, other)) return false;
	}
	return true;
}

/** Of two inodes of one type. */
function haveSameContent(before: Inode, after: Inode): boolean {
	if (before.type === "file" && after.type === "file") {
		if (before.content !== undefined && after.content !== undefined)
			return areEqual(before.content, after.content);
		return before.size === after.size && before.digest === after.digest && before.path === after.path;
	}
	if (before.type === "symlink" && after.type === "symlink") return before.target === after.target;
	if (!("rdev" in before && "rdev" in after)) return true;
	return before.rdev.major === after.rdev.major && before.rdev.minor === after.rdev.minor;
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
	return a === b || Buffer.compare(a, b) === 0;
}
