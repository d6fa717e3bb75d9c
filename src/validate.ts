/**
 * The rules for one name and for one inode: what libcomposefs takes for granted and does not check. Some of
 * what is stopped here would abort the process, hang it, or write an image that cannot be mounted.
 */
import { ComposefsError, type ComposefsErrorCode } from "./errors.ts";
import type { DeviceNumber, Directory, Inode, Metadata, RegularFile } from "./inode.ts";
import { LIMITS } from "./limits.ts";
import { UNIT_BYTES as MOST_UNIT_BYTES, nameToBytes } from "./names.ts";
import { NANOSECONDS } from "./time.ts";

/** A broken rule whose place is not known yet: thrown by the rules, placed by the walk that applies them. */
export class Violation {
	readonly code: ComposefsErrorCode;
	readonly rule: string;
	readonly text: string;
	readonly limit: number | undefined;
	readonly actual: number | undefined;

	constructor(code: ComposefsErrorCode, rule: string, text: string, limit?: number, actual?: number) {
		this.code = code;
		this.rule = rule;
		this.text = text;
		this.limit = limit;
		this.actual = actual;
	}

	at(path: string): ComposefsError {
		const { rule, limit, actual } = this;
		return new ComposefsError(this.code, `${path}: ${this.text}`, {
			rule,
			path,
			...(limit !== undefined && { limit }),
			...(actual !== undefined && { actual }),
		});
	}
}

// Most times fit into 64 bits of nanoseconds (the years 1677 to 2262), and comparing those is cheap.
const MAX_64 = 2n ** 63n - 1n;
const MIN_64 = -(2n ** 63n);
const MAX_MTIME = LIMITS.mtimeSeconds * NANOSECONDS + 999_999_999n;
const MIN_MTIME = -(LIMITS.mtimeSeconds + 1n) * NANOSECONDS;
/** Of numbers. Imported ones are read anew, and looked at, for each of a million inodes. */
const { mode: MODE, id: ID, fileSize: FILE_SIZE, major: MAJOR, minor: MINOR } = LIMITS;
const DIGEST = /^[0-9a-f]{64}$/;
const DIGEST_LENGTH = 64;
const UNIT_BYTES = MOST_UNIT_BYTES;

/** Checks that something is a name at all. */
export function checkIsName(name: string): void {
	if (typeof name !== "string") fail("NAME", "name-type", "a name is a string");
	if (name === "") fail("NAME", "name-empty", "a name is empty");
}

/** Checks the name of a directory entry. */
export function checkName(name: string): void {
	checkIsName(name);
	if (name === "." || name === "..") fail("NAME", "name-dot", `"${name}" is not a name`);
	if (name.includes("/")) fail("NAME", "name-slash", "a name has a slash in it");
	if (name.includes("\0")) fail("NAME", "name-nul", "a name has a NUL in it");
	if (isSurelyWithin(name, LIMITS.nameLength)) return;
	checkLength(name, "NAME", "name-length", "the name takes", LIMITS.nameLength);
}

/** Checks all that an inode says of itself; its children are checked on their own. */
export function checkInode(inode: Inode): void {
	checkFields(inode);
	checkTexts(inode);
}

/**
 * Checks the characters of a symlink's target, of an object path and of a digest. As with those of names, that is not
 * done on the way to the addon, which reads each of them anyway: twice would be a sixth of the time of encoding.
 */
export function checkTexts(inode: Inode): void {
	if (inode.type === "symlink") checkCharacters(inode.target, "symlink-target", "the symlink's target");
	if (inode.type !== "file") return;
	if (inode.path !== undefined) checkCharacters(inode.path, "object-path", "the object path");
	if (inode.digest !== undefined && !DIGEST.test(inode.digest)) failDigest();
}

/** All but `checkTexts`. */
export function checkFields(inode: Inode): void {
	if (typeof inode !== "object" || inode === null) fail("INODE", "type", "there is no inode");
	checkMetadata(inode);
	switch (inode.type) {
		case "directory":
			checkChildren(inode);
			break;
		case "file":
			checkFile(inode);
			break;
		case "symlink":
			checkLengthOf(inode.target, "symlink-target", "the symlink's target");
			break;
		case "character-device":
		case "block-device":
			checkDevice(inode.rdev);
			break;
		case "fifo":
		case "socket":
			break;
		default:
			fail("INODE", "type", `unknown type ${nameOfType((inode as Inode).type)}`);
	}
}

function nameOfType(type: unknown): string {
	return typeof type === "string" ? JSON.stringify(type) : String(typeof type);
}

function checkMetadata(inode: Metadata): void {
	checkInteger(inode.mode, "mode", MODE);
	checkInteger(inode.uid, "uid", ID);
	checkInteger(inode.gid, "gid", ID);
	const { mtimeNs, xattrs } = inode;
	if (typeof mtimeNs !== "bigint") fail("INODE", "mtime", "mtimeNs is not a bigint");
	if ((mtimeNs > MAX_64 || mtimeNs < MIN_64) && (mtimeNs > MAX_MTIME || mtimeNs < MIN_MTIME))
		fail("INODE", "mtime", "mtimeNs does not fit into 64 bits of seconds");
	if (xattrs !== undefined) checkXattrs(xattrs);
}

function checkChildren(directory: Directory): void {
	if (!(directory.children instanceof Map)) fail("TREE", "children", "children is not a Map");
}

function checkFile(inode: RegularFile): void {
	if (inode.content !== undefined) {
		const { content } = inode;
		if (!(content instanceof Uint8Array)) fail("INODE", "content", "content is not a Uint8Array");
		if (content.length > LIMITS.contentSize)
			failLimit("INODE", "content-size", "inline content takes", LIMITS.contentSize, content.length);
		if (inode.size !== undefined || inode.digest !== undefined || inode.path !== undefined)
			fail("INODE", "content", "a file has either content or size, digest and path");
		return;
	}
	checkInteger(inode.size, "size", FILE_SIZE);
	if (inode.path !== undefined) checkLengthOf(inode.path, "object-path", "the object path");
	const { digest } = inode;
	if (digest !== undefined && (typeof digest !== "string" || digest.length !== DIGEST_LENGTH)) failDigest();
}

function failDigest(): never {
	fail("INODE", "digest", "digest is not 64 lower-case hexadecimal digits");
}

function checkDevice(rdev: DeviceNumber): void {
	checkInteger(rdev?.major, "rdev.major", MAJOR);
	checkInteger(rdev?.minor, "rdev.minor", MINOR);
}

function checkXattrs(xattrs: Map<string, Uint8Array>): void {
	if (!(xattrs instanceof Map)) fail("XATTR", "xattr-type", "xattrs is not a Map");
	let most = 12;
	for (const [name, value] of xattrs) {
		checkXattrName(name);
		if (!(value instanceof Uint8Array))
			fail("XATTR", "xattr-type", `${xattrText(name)} its value is not a Uint8Array`);
		if (value.length > LIMITS.xattrValue)
			failLimit(
				"XATTR",
				"xattr-value",
				`${xattrText(name)} its value takes`,
				LIMITS.xattrValue,
				value.length,
			);
		most += 7 + name.length * UNIT_BYTES + value.length;
	}
	if (most > LIMITS.xattrTotal) checkXattrTotal(xattrs);
}

function checkXattrName(name: string): void {
	if (typeof name !== "string" || name === "") fail("XATTR", "xattr-name", "an xattr has no name");
	if (name.includes("\0")) fail("XATTR", "xattr-name", "the name of an xattr has a NUL in it");
	if (isSurelyWithin(name, LIMITS.xattrName)) return;
	checkLength(name, "XATTR", "xattr-name", `${xattrText(name)} its name takes`, LIMITS.xattrName);
}

/** For messages alone: making it takes longer than the checks. */
function xattrText(name: string): string {
	return `xattr ${JSON.stringify(name)}:`;
}

function checkXattrTotal(xattrs: Map<string, Uint8Array>): void {
	let total = 12;
	for (const [name, value] of xattrs) total += 7 + byteLength(name, "XATTR") + value.length;
	if (total > LIMITS.xattrTotal) failLimit("XATTR", "xattr-total", "xattrs take", LIMITS.xattrTotal, total);
}

function checkCharacters(text: string, rule: string, what: string): void {
	if (text.includes("\0")) fail("INODE", rule, `${what} has a NUL in it`);
	if (!text.isWellFormed()) byteLength(text, "INODE"); // which says what is wrong
}

function checkLengthOf(text: string, rule: string, what: string): void {
	if (typeof text !== "string" || text === "") fail("INODE", rule, `${what} is empty`);
	if (text.length * UNIT_BYTES > LIMITS.pathLength)
		checkLength(text, "INODE", rule, `${what} takes`, LIMITS.pathLength);
}

function checkInteger(value: number, rule: string, limit: number): void {
	if (Number.isInteger(value) && value >= 0 && value <= limit) return;
	const text = `${rule} is ${value}, not an integer from 0 to ${limit}`;
	throw new Violation("ERR_COMPOSEFS_INODE", rule, text, limit, Number(value));
}

/** Nearly all strings need no counting of their bytes. */
function isSurelyWithin(text: string, limit: number): boolean {
	return text.length * UNIT_BYTES <= limit && text.isWellFormed();
}

/** Checks that a string stands for bytes, and for not too many. */
function checkLength(text: string, code: ShortCode, rule: string, what: string, limit: number): void {
	const length = byteLength(text, code);
	if (length > limit) failLimit(code, rule, what, limit, length);
}

function byteLength(text: string, code: ShortCode): number {
	if (text.isWellFormed()) return Buffer.byteLength(text, "utf8");
	try {
		return nameToBytes(text).length;
	} catch (error) {
		if (error instanceof ComposefsError) fail(code, "name-surrogate", error.message);
		throw error;
	}
}

type ShortCode = "NAME" | "TREE" | "INODE" | "XATTR";

function fail(code: ShortCode, rule: string, text: string): never {
	throw new Violation(`ERR_COMPOSEFS_${code}`, rule, text);
}

function failLimit(code: ShortCode, rule: string, what: string, limit: number, actual: number): never {
	const text = `${what} ${actual} bytes, the limit is ${limit}`;
	throw new Violation(`ERR_COMPOSEFS_${code}`, rule, text, limit, actual);
}
