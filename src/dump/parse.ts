/**
 * composefs-dump(5) becomes a tree. The text is what mkcomposefs reads with `--from-file`: but what that
 * swallows as junk (digests that are none, numbers out of range, `\x00` in a path) is an error here.
 */
import { ComposefsError } from "../errors.ts";
import { type Directory, type Inode, NO_BYTES, type RegularFile } from "../inode.ts";
import { LIMITS } from "../limits.ts";
import { Slices } from "../slices.ts";
import { typeOfMode, unpackDevice } from "../stat.ts";
import { Tree } from "../tree.ts";
import { checkInode, checkName, Violation } from "../validate.ts";
import { DumpLine, type Field } from "./line.ts";

/** Dump text, whole or in pieces of any length. */
export type DumpSource =
	| string
	| Uint8Array
	| Iterable<string | Uint8Array>
	| AsyncIterable<string | Uint8Array>;

const LINE_FEED = 0x0a;
/** The longest line that can be valid takes less than half of this. */
const MAX_LINE = 1 << 20;
const LINES_PER_CHECK = 128;
const UINT32 = 2 ** 32 - 1;

/**
 * Parses a dump, in slices of a few milliseconds.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_DUMP`, with `line`, and `field` where one is at fault; or the reason
 *   of `signal`
 */
export async function parseDump(source: DumpSource, options: { signal?: AbortSignal } = {}): Promise<Tree> {
	const { signal } = options;
	const parser = new DumpParser();
	const slices = new Slices(signal);
	let rest: Buffer = Buffer.alloc(0);
	const pieces = typeof source === "string" || source instanceof Uint8Array ? [source] : source;
	for await (const piece of pieces) {
		const bytes = toBuffer(piece);
		const text = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
		let start = 0;
		for (let end = text.indexOf(LINE_FEED); end >= 0; end = text.indexOf(LINE_FEED, start)) {
			parser.line(text, start, end);
			start = end + 1;
			if (parser.lines % LINES_PER_CHECK === 0 && slices.isOver()) await slices.next();
		}
		rest = Buffer.from(text.subarray(start)); // a copy: the source may use its memory again
		if (rest.length > MAX_LINE) parser.refuseLongLine();
	}
	signal?.throwIfAborted();
	if (rest.length > 0) parser.line(rest, 0, rest.length);
	return parser.finish();
}

function toBuffer(piece: string | Uint8Array): Buffer {
	if (typeof piece === "string") {
		// It would become U+FFFD: half a character, or a byte that no UTF-8 can express.
		if (!piece.isWellFormed())
			throw new ComposefsError("ERR_COMPOSEFS_ARGUMENT", "the dump has a lone surrogate: give it as bytes");
		return Buffer.from(piece, "utf8");
	}
	return Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
}

/** A further name, which waits for the end: its inode may come after it. */
interface PendingLink {
	readonly line: number;
	readonly directory: Directory;
	readonly name: string;
	target: string;
}

class DumpParser {
	readonly #line: DumpLine = new DumpLine();
	/** By path, without a slash at the end: "" is the root. */
	readonly #directories = new Map<string, Directory>();
	#lastParent: { path: string; directory: Directory } | undefined;
	readonly #links = new Map<string, PendingLink>();

	get lines(): number {
		return this.#line.number;
	}

	line(text: Buffer, start: number, end: number): void {
		const line = this.#line;
		line.read(text, start, end);
		line.readPath();
		const { parent, name } = line;
		const mode = line.mode();
		try {
			if (line.isLink) this.#addLink(parent, name, mode);
			else if (name === "" && parent === "") this.#addRoot(parseInode(line, mode));
			else this.#add(parent, name, parseInode(line, mode));
		} catch (error) {
			if (error instanceof Violation) line.fail(fieldOf(error), error.text, { rule: error.rule });
			throw error;
		}
	}

	finish(): Tree {
		const root = this.#directories.get("");
		if (root === undefined) throw dumpError(this.lines, "there is no line for the root");
		const tree = new Tree(root);
		for (const link of this.#links.values()) {
			if (link.directory.children.has(link.name))
				throw dumpError(link.line, "the path is there already", "PATH");
			const inode = this.#resolve(link);
			if (inode.type === "directory")
				throw dumpError(link.line, "the hard link's target is a directory", "PAYLOAD");
			link.directory.children.set(link.name, inode);
		}
		return tree;
	}

	refuseLongLine(): never {
		throw dumpError(this.lines + 1, `the line is longer than ${MAX_LINE} bytes`);
	}

	#addRoot(inode: Inode): void {
		if (this.#directories.size > 0) this.#line.fail("PATH", "the root comes once, and first");
		if (inode.type !== "directory") this.#line.fail("MODE", "the root is not a directory");
		this.#directories.set("", inode);
		this.#lastParent = { path: "", directory: inode };
	}

	#add(parent: string, name: string, inode: Inode): void {
		checkName(name);
		const { path, directory } = this.#directory(parent);
		if (directory.children.has(name)) this.#line.fail("PATH", "the path is there already");
		directory.children.set(name, inode);
		if (inode.type === "directory") this.#directories.set(`${path}/${name}`, inode);
	}

	#addLink(parent: string, name: string, mode: number): void {
		if (typeOfMode(mode) === "directory") this.#line.fail("MODE", "a directory cannot be a hard link");
		const target = this.#line.optionalText("PAYLOAD");
		if (target === undefined) this.#line.fail("PAYLOAD", "a hard link has no target");
		checkName(name);
		const { path, directory } = this.#directory(parent);
		const key = `${path}/${name}`;
		if (this.#links.has(key)) this.#line.fail("PATH", "the path is there already");
		this.#links.set(key, { directory, name, line: this.lines, target: canonicalPath(target) });
	}

	/** The directory of that path, which has to have had its line. Lines mostly follow others of their directory. */
	#directory(parent: string): { path: string; directory: Directory } {
		if (this.#lastParent?.path === parent) return this.#lastParent;
		const path = canonicalPath(parent);
		const directory = this.#directories.get(path);
		if (directory === undefined) this.#line.fail("PATH", "there is no directory for it before this line");
		this.#lastParent = { path, directory };
		return this.#lastParent;
	}

	/** Follows a hard link, over further ones, to an inode. */
	#resolve(link: PendingLink): Inode {
		const passed: PendingLink[] = [link];
		let next = this.#links.get(link.target);
		for (; next !== undefined && passed.length <= this.#links.size; next = this.#links.get(next.target))
			passed.push(next);
		const target = passed.at(-1)?.target ?? link.target;
		// So that a chain of links is walked once, and not from each of its links.
		for (const other of passed) other.target = target;
		const slash = target.lastIndexOf("/");
		const directory = this.#directories.get(target.slice(0, Math.max(slash, 0)));
		const inode = next === undefined ? directory?.children.get(target.slice(slash + 1)) : undefined;
		if (inode === undefined) throw dumpError(link.line, "the hard link's target is not there", "PAYLOAD");
		return inode;
	}
}

/** With a slash in front, and without doubled ones: both are mkcomposefs's leniency. "" is the root. */
function canonicalPath(path: string): string {
	if (path === "" || (path.startsWith("/") && !path.endsWith("/") && !path.includes("//"))) return path;
	return `/${path}`.replaceAll(/\/+/g, "/").replace(/\/$/, "");
}

function parseInode(line: DumpLine, mode: number): Inode {
	const inode = inodeOf(line, mode);
	line.count("NLINK", UINT32);
	checkInode(inode);
	return inode;
}

function inodeOf(line: DumpLine, st_mode: number): Inode {
	const type = typeOfMode(st_mode);
	if (type === undefined) line.fail("MODE", `${st_mode.toString(8)} has no known type`);
	const mode = st_mode & LIMITS.mode;
	const uid = line.count("UID", UINT32);
	const gid = line.count("GID", UINT32);
	const mtimeNs = line.mtimeNs();
	const xattrs = line.xattrs();
	const rdev = line.count("RDEV", UINT32);
	if (type === "file") return fileOf(line, { type, mode, uid, gid, mtimeNs, xattrs });
	// What else stands in these fields changes nothing in an image, but must make sense.
	const payload = line.optionalText("PAYLOAD");
	line.count("SIZE", Number.MAX_VALUE);
	digestOf(line);
	if (line.optionalBytes("CONTENT") !== undefined) line.fail("CONTENT", "only regular files have content");
	if (type === "directory") return { type, mode, uid, gid, mtimeNs, xattrs, children: new Map() };
	if (type === "symlink") return { type, mode, uid, gid, mtimeNs, xattrs, target: payload ?? "" };
	if (type === "fifo" || type === "socket") return { type, mode, uid, gid, mtimeNs, xattrs };
	return { type, mode, uid, gid, mtimeNs, xattrs, rdev: unpackDevice(rdev) };
}

/** The field that the gate's rule is about. */
function fieldOf({ code, rule }: Violation): Field | undefined {
	if (code === "ERR_COMPOSEFS_NAME") return "PATH";
	if (code === "ERR_COMPOSEFS_XATTR") return "XATTR";
	return FIELD_OF_RULE.get(rule);
}

const FIELD_OF_RULE: ReadonlyMap<string, Field> = new Map([
	["mtime", "MTIME"],
	["symlink-target", "PAYLOAD"],
	["object-path", "PAYLOAD"],
	["content-size", "CONTENT"],
]);

type FileMetadata = Pick<RegularFile, "type" | "mode" | "uid" | "gid" | "mtimeNs" | "xattrs">;

function fileOf(line: DumpLine, metadata: FileMetadata): RegularFile {
	const size = line.count("SIZE", LIMITS.fileSize);
	const path = line.optionalText("PAYLOAD");
	const digest = digestOf(line);
	const content = line.optionalBytes("CONTENT") ?? (size === 0 ? NO_BYTES : undefined);
	const { type, mode, uid, gid, mtimeNs, xattrs } = metadata;
	if (content === undefined)
		return { type, mode, uid, gid, mtimeNs, xattrs, content: undefined, size, digest, path };
	if (content.length !== size) line.fail("CONTENT", `it has ${content.length} bytes, and SIZE is ${size}`);
	const none = undefined;
	return { type, mode, uid, gid, mtimeNs, xattrs, content, size: none, digest: none, path: none };
}

function digestOf(line: DumpLine): string | undefined {
	const digest = line.optionalText("DIGEST");
	if (digest !== undefined && !/^[0-9a-fA-F]{64}$/.test(digest))
		line.fail("DIGEST", `${JSON.stringify(digest.slice(0, 80))} is not 64 hexadecimal digits`);
	return digest?.toLowerCase();
}

function dumpError(line: number, problem: string, field?: Field): ComposefsError {
	const where = field === undefined ? "" : `${field}: `;
	const details = { line, ...(field !== undefined && { field }) };
	return new ComposefsError("ERR_COMPOSEFS_DUMP", `line ${line}: ${where}${problem}`, details);
}
