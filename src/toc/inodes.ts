/** Entries become inodes: what is the same for layers and for documents of their own. */
import type { ComposefsError } from "../errors.ts";
import type { Inode } from "../inode.ts";
import { LIMITS } from "../limits.ts";
import { TYPE_BITS } from "../stat.ts";
import { checkInode, type Violation } from "../validate.ts";
import type { EntryFields } from "./entry.ts";
import type { EntryType } from "./entry-types.ts";
import { type TocRule, tocError } from "./fault.ts";
import type { Bytes, JsonCursor } from "./json.ts";

const TYPES = {
	reg: "file",
	dir: "directory",
	symlink: "symlink",
	char: "character-device",
	block: "block-device",
	fifo: "fifo",
} as const;

/** What an entry makes an inode of. */
export type InodeEntryType = Exclude<EntryType, "hardlink" | "chunk">;

const SLASH = 0x2f;
const scratch = Buffer.alloc(65) as Bytes;
scratch[2] = SLASH;

/** The path of an object that is named after a digest: `ab/cdef…`, from 64 digits. */
export function objectPathAt(bytes: Bytes, at: number): string {
	for (let n = 0; n < 2; n++) scratch[n] = bytes[at + n] as number;
	for (let n = 2; n < 64; n++) scratch[n + 1] = bytes[at + n] as number;
	return scratch.latin1Slice(0, 65);
}

/**
 * What an entry other than a file is.
 *
 * @throws Violation
 */
export function inodeOf(
	type: Exclude<InodeEntryType, "reg">,
	fields: EntryFields,
	cursor: JsonCursor,
): Inode {
	const { uid, gid, mtimeNs, xattrs } = fields;
	const mode = permissions(type, fields, cursor);
	const inode = ((): Inode => {
		switch (type) {
			case "dir":
				return { type: "directory", mode, uid, gid, mtimeNs, xattrs, children: new Map() };
			case "symlink":
				return { type: "symlink", mode, uid, gid, mtimeNs, xattrs, target: targetOf(fields, cursor) };
			case "fifo":
				return { type: "fifo", mode, uid, gid, mtimeNs, xattrs };
			default: {
				const rdev = { major: fields.devMajor, minor: fields.devMinor };
				return { type: TYPES[type], mode, uid, gid, mtimeNs, xattrs, rdev };
			}
		}
	})();
	// A directory's numbers have been checked when they were read.
	if (xattrs !== undefined || type === "symlink") checkInode(inode);
	return inode;
}

function targetOf(fields: EntryFields, cursor: JsonCursor): string {
	if (fields.linkName === undefined) cursor.fail("link", "a symlink has no linkName", fields.start);
	return cursor.text(fields.linkName);
}

export function inlineFile(content: Uint8Array, fields: EntryFields, cursor: JsonCursor): Inode {
	const { uid, gid, mtimeNs, xattrs } = fields;
	const mode = permissions("reg", fields, cursor);
	const none = undefined;
	const inode: Inode = {
		type: "file",
		mode,
		uid,
		gid,
		mtimeNs,
		xattrs,
		content,
		size: none,
		digest: none,
		path: none,
	};
	checkInode(inode);
	return inode;
}

/** Permission bits. The bits of a type may stand beside them, if they are those of the entry's. */
export function permissions(type: InodeEntryType, { mode, start }: EntryFields, cursor: JsonCursor): number {
	const typeBits = mode & ~LIMITS.mode;
	if (typeBits !== 0 && typeBits !== TYPE_BITS[TYPES[type]])
		cursor.fail("mode", `mode ${mode.toString(8)} is not that of a "${type}"`, start);
	return mode & LIMITS.mode;
}

/** A rule of the tree that an entry breaks, with the entry's place. */
export function placed(violation: Violation, fields: EntryFields, cursor: JsonCursor): ComposefsError {
	const path = pathOf(fields, cursor);
	const { text, limit, actual } = violation;
	return tocError(ruleOf(violation), cursor.base + fields.start, `${path}: ${text}`, {
		path,
		...(limit !== undefined && { limit }),
		...(actual !== undefined && { actual }),
	});
}

export function refusePath(rule: TocRule, problem: string, fields: EntryFields, cursor: JsonCursor): never {
	const path = pathOf(fields, cursor);
	throw tocError(rule, cursor.base + fields.start, `${path} ${problem}`, { path });
}

/** An entry's name, which may be anything: for messages, as much of it as a path may have. */
function pathOf({ name }: EntryFields, cursor: JsonCursor): string {
	return cursor.text(name).slice(0, LIMITS.pathLength);
}

function ruleOf({ code, rule }: Violation): TocRule {
	if (code === "ERR_COMPOSEFS_NAME") return "name";
	if (code === "ERR_COMPOSEFS_XATTR") return "xattr";
	return RULES.get(rule) ?? "type";
}

const RULES: ReadonlyMap<string, TocRule> = new Map([
	["parent", "parent"],
	["depth", "name"],
	["symlink-target", "link"],
	["object-path", "payload"],
	["content-size", "content"],
]);
