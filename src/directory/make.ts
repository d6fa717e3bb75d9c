/** A record becomes an inode. */
import { argumentError, ComposefsError } from "../errors.ts";
import type { Directory, ExternalFile, Inode } from "../inode.ts";
import { LIMITS } from "../limits.ts";
import { bytesToName } from "../names.ts";
import { typeOfMode } from "../stat.ts";
import type { ScanRecord } from "./decode.ts";
import type { Settings } from "./options.ts";
import type { Place } from "./place.ts";

const PERMISSIONS = 0o7777;

// The literals have the fields of inode.ts in the order of inode.ts: see the note there.

export function makeDirectory(record: ScanRecord, settings: Settings): Directory {
	const { uid, gid } = owner(record, settings);
	const mode = record.status & PERMISSIONS;
	const mtimeNs = time(record, settings);
	const { xattrs } = record;
	return { type: "directory", mode, uid, gid, mtimeNs, xattrs, children: new Map() };
}

/** An inode that is no directory. A file that is not inline has neither digest nor path yet. */
export function makeInode(record: ScanRecord, place: Place, settings: Settings): Inode {
	const type = typeOfMode(record.status);
	if (type === "file") return makeFile(record, settings);
	const { uid, gid } = owner(record, settings);
	const mode = record.status & PERMISSIONS;
	const mtimeNs = time(record, settings);
	const { xattrs } = record;
	switch (type) {
		case "symlink":
			return { type, mode, uid, gid, mtimeNs, xattrs, target: bytesToName(record.text) };
		case "character-device":
		case "block-device":
			return { type, mode, uid, gid, mtimeNs, xattrs, rdev: record.rdev };
		case "fifo":
		case "socket":
			return { type, mode, uid, gid, mtimeNs, xattrs };
		default: {
			const { path } = place;
			const text = `${path}: st_mode is 0o${record.status.toString(8)}, of no type that is known`;
			throw new ComposefsError("ERR_COMPOSEFS_INODE", text, { rule: "type", path });
		}
	}
}

function makeFile(record: ScanRecord, settings: Settings): Inode {
	const { uid, gid } = owner(record, settings);
	const mode = record.status & PERMISSIONS;
	const mtimeNs = time(record, settings);
	const { xattrs, size } = record;
	const type = "file";
	const none = undefined;
	if (size !== record.textLength)
		return { type, mode, uid, gid, mtimeNs, xattrs, content: none, size, digest: none, path: none };
	const content = record.text;
	return { type, mode, uid, gid, mtimeNs, xattrs, content, size: none, digest: none, path: none };
}

/** True for a file whose content is still to be read. */
export function isExternal(inode: Inode): inode is ExternalFile {
	return inode.type === "file" && inode.content === undefined;
}

function owner(record: ScanRecord, { mapOwner }: Settings) {
	if (mapOwner === undefined) return record;
	const mapped = mapOwner(record.uid, record.gid);
	if (isId(mapped?.uid) && isId(mapped?.gid)) return mapped;
	throw argumentError(`mapOwner gives { uid, gid }, whole numbers from 0 to ${LIMITS.id}`);
}

function isId(value: unknown): boolean {
	return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= LIMITS.id;
}

function time({ mtimeNs }: ScanRecord, { useEpoch, clampMtimeNs }: Settings): bigint {
	if (useEpoch) return 0n;
	return clampMtimeNs !== undefined && mtimeNs > clampMtimeNs ? clampMtimeNs : mtimeNs;
}
