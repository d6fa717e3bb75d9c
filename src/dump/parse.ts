/**
 * composefs-dump(5) becomes a tree. The text is what mkcomposefs reads with `--from-file`: but what that
 * swallows as junk (digests that are none, numbers out of range, `\x00` in a path) is an error here.
 */
import { abortable } from "../abortable.ts";
import { ComposefsError } from "../errors.ts";
import { Idle } from "../idle.ts";
import { type Directory, type Inode, NO_BYTES, type RegularFile } from "../inode.ts";
import { LIMITS } from "../limits.ts";
import { runInSlices, Slices } from "../slices.ts";
import { typeOfMode, unpackDevice } from "../stat.ts";
import { piecesOf, pieceToBytes } from "../text-piece.ts";
import { Tree } from "../tree.ts";
import { checkInode, checkName, Violation } from "../validate.ts";
import { DirectoryStack } from "./directory-stack.ts";
import { type Field, INDEX } from "./fields.ts";
import { DumpLine } from "./line.ts";
import { type DumpSource, LineParts } from "./source.ts";

const LINE_FEED = 0x0a;
/** The longest line that can be valid takes less than half of this. */
const MAX_LINE = 1 << 20;
const LINES_PER_CHECK = 128;
const UINT32 = 2 ** 32 - 1;
/** The year 2262. */
const USUAL_TIME = 2n ** 63n - 1n;

/**
 * Parses a dump, in slices of a few milliseconds.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_DUMP`, with `line`, and `field` where one is at fault; or the reason
 *   of `signal`
 */
export async function parseDump(source: DumpSource, options: { signal?: AbortSignal } = {}): Promise<Tree> {
	return idle.lend(async (parser) => {
		await parseLines(source, parser, options.signal);
		return runInSlices(parser.finish(), options.signal);
	});
}

async function parseLines(source: DumpSource, parser: DumpParser, signal?: AbortSignal): Promise<void> {
	const slices = new Slices(signal);
	const rest = new LineParts();
	for await (const piece of abortable(piecesOf(source), signal)) {
		const bytes = pieceToBytes(piece);
		const end = bytes.lastIndexOf(LINE_FEED) + 1;
		let start = 0;
		if (end > 0 && rest.length > 0) {
			start = bytes.indexOf(LINE_FEED) + 1;
			rest.add(bytes.subarray(0, start));
			parser.line(...rest.take());
		}
		while (start < end) {
			start = parser.line(bytes, start, end) + 1;
			if (parser.lines % LINES_PER_CHECK === 0 && slices.isOver()) await slices.next();
		}
		rest.add(bytes.subarray(end));
		if (rest.length > MAX_LINE) parser.refuseLongLine();
		if (slices.isOver()) await slices.next();
	}
	signal?.throwIfAborted();
	if (rest.length > 0) parser.line(...rest.take());
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
	#root: Directory | undefined = undefined;
	readonly #stack = new DirectoryStack();
	readonly #links = new Map<string, PendingLink>();
	/** What links lead to, by path: a short line may lead to a long path, and many to the same one. */
	readonly #targets = new Map<string, Inode | undefined>();

	get lines(): number {
		return this.#line.number;
	}

	/** Takes the line that begins at `start`; returns where its line feed is, or `end`. */
	line(text: Buffer, start: number, end: number): number {
		const line = this.#line;
		const stop = line.read(text, start, end);
		line.readPath();
		const mode = line.mode();
		try {
			if (line.isLink) this.#addLink(mode);
			else if (line.isRoot) this.#addRoot(parseInode(line, mode));
			else this.#add(parseInode(line, mode));
		} catch (error) {
			if (error instanceof Violation) line.fail(fieldOf(error), error.text, { rule: error.rule });
			throw error;
		}
		return stop;
	}

	/** Gives the links their inodes; yields every few of them. */
	*finish(): Generator<undefined, Tree, undefined> {
		const root = this.#root;
		if (root === undefined) throw dumpError(this.lines, "there is no line for the root");
		let count = 0;
		for (const link of this.#links.values()) {
			if (++count % LINES_PER_CHECK === 0) yield;
			if (link.directory.children.has(link.name))
				throw dumpError(link.line, "the path is there already", "PATH");
			const inode = this.#resolve(link, root);
			if (inode.type === "directory")
				throw dumpError(link.line, "the hard link's target is a directory", "PAYLOAD");
			link.directory.children.set(link.name, inode);
		}
		return new Tree(root);
	}

	/** Lets go of the text and of the tree, wherever in it the parsing ended. */
	forget(): void {
		this.#line.forget();
		this.#root = undefined;
		this.#stack.forget();
		this.#links.clear();
		this.#targets.clear();
	}

	refuseLongLine(): never {
		throw dumpError(this.lines + 1, `the line is longer than ${MAX_LINE} bytes`);
	}

	#addRoot(inode: Inode): void {
		if (this.#root !== undefined) this.#line.fail("PATH", "the root comes once, and first");
		if (inode.type !== "directory") this.#line.fail("MODE", "the root is not a directory");
		this.#root = inode;
		this.#stack.begin(inode);
	}

	#add(inode: Inode): void {
		const { children } = this.#directory();
		const { size } = children;
		children.set(this.#line.name, inode);
		if (children.size === size) this.#line.fail("PATH", "the path is there already");
	}

	#addLink(mode: number): void {
		const line: DumpLine = this.#line;
		if (typeOfMode(mode) === "directory") line.fail("MODE", "a directory cannot be a hard link");
		const target = line.optionalText(INDEX.PAYLOAD);
		if (target === undefined) line.fail("PAYLOAD", "a hard link has no target");
		const directory = this.#directory();
		const key = canonicalPath(line.text(INDEX.PATH));
		if (this.#links.has(key)) line.fail("PATH", "the path is there already");
		const { name } = line;
		this.#links.set(key, { directory, name, line: this.lines, target: canonicalPath(target) });
	}

	/** The directory of the line at hand, which has to have had its own. */
	#directory(): Directory {
		const { name, isPlain, pathBytes, pathStart, parentEnd } = this.#line;
		// A name is the end of a path: in a plain one there is no slash, and no byte takes more than itself.
		if (!isPlain || name.length > LIMITS.nameLength || name === "" || name.startsWith(".")) checkName(name);
		const directory = this.#stack.find(pathBytes, pathStart, parentEnd, isPlain);
		if (directory === undefined) this.#line.fail("PATH", "there is no directory for it before this line");
		return directory;
	}

	/** Follows a hard link, over further ones, to an inode. */
	#resolve(link: PendingLink, root: Directory): Inode {
		const passed: PendingLink[] = [link];
		let next = this.#links.get(link.target);
		for (; next !== undefined && passed.length <= this.#links.size; next = this.#links.get(next.target))
			passed.push(next);
		const target = passed.at(-1)?.target ?? link.target;
		// So that a chain of links is walked once, and not from each of its links.
		for (const other of passed) other.target = target;
		const inode = next === undefined ? this.#targetAt(root, target) : undefined;
		if (inode === undefined) throw dumpError(link.line, "the hard link's target is not there", "PAYLOAD");
		return inode;
	}

	#targetAt(root: Directory, path: string): Inode | undefined {
		if (!this.#targets.has(path)) this.#targets.set(path, inodeAt(root, path));
		return this.#targets.get(path);
	}
}

const idle = new Idle(() => new DumpParser());

function inodeAt(root: Directory, path: string): Inode | undefined {
	let inode: Inode | undefined = root;
	for (let at = 0; at < path.length && inode !== undefined; ) {
		const slash = path.indexOf("/", at + 1);
		const end = slash < 0 ? path.length : slash;
		inode = inode.type === "directory" ? inode.children.get(path.slice(at + 1, end)) : undefined;
		at = end;
	}
	return inode;
}

/** With a slash in front, and without doubled ones: both are mkcomposefs's leniency. "" is the root. */
function canonicalPath(path: string): string {
	if (path === "" || (path.startsWith("/") && !path.endsWith("/") && !path.includes("//"))) return path;
	return `/${path}`.replaceAll(/\/+/g, "/").replace(/\/$/, "");
}

function parseInode(line: DumpLine, mode: number): Inode {
	const inode = inodeOf(line, mode);
	line.count(INDEX.NLINK, UINT32);
	if (!line.isPlain || inode.xattrs !== undefined || !isSurelyValid(inode)) checkInode(inode);
	return inode;
}

/** Its numbers have been checked when they were read; what is left are far times, and the lengths of plain texts. */
function isSurelyValid(inode: Inode): boolean {
	if (inode.mtimeNs > USUAL_TIME || inode.mtimeNs < 0n) return false;
	if (inode.type === "directory") return true;
	if (inode.type !== "file") return false;
	if (inode.content !== undefined) return inode.content.length <= LIMITS.contentSize;
	// An empty path would be no field.
	return inode.path === undefined || inode.path.length <= LIMITS.pathLength;
}

function inodeOf(line: DumpLine, st_mode: number): Inode {
	const type = typeOfMode(st_mode);
	if (type === undefined) line.fail("MODE", `${st_mode.toString(8)} has no known type`);
	const mode = st_mode & LIMITS.mode;
	const uid = line.count(INDEX.UID, UINT32);
	const gid = line.count(INDEX.GID, UINT32);
	const mtimeNs = line.mtimeNs();
	const xattrs = line.xattrs();
	const rdev = line.count(INDEX.RDEV, UINT32);
	if (type === "file") return fileOf(line, { type, mode, uid, gid, mtimeNs, xattrs });
	// What else stands in these fields changes nothing in an image, but must make sense.
	const payload = line.optionalText(INDEX.PAYLOAD);
	line.count(INDEX.SIZE, Number.MAX_VALUE);
	line.digest();
	if (line.optionalBytes(INDEX.CONTENT) !== undefined)
		line.fail("CONTENT", "only regular files have content");
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
	const size = line.count(INDEX.SIZE, LIMITS.fileSize);
	const path = line.optionalText(INDEX.PAYLOAD);
	const digest = line.digest();
	const content = line.optionalBytes(INDEX.CONTENT) ?? (size === 0 ? NO_BYTES : undefined);
	const { type, mode, uid, gid, mtimeNs, xattrs } = metadata;
	if (content === undefined)
		return { type, mode, uid, gid, mtimeNs, xattrs, content: undefined, size, digest, path };
	if (content.length !== size) line.fail("CONTENT", `it has ${content.length} bytes, and SIZE is ${size}`);
	const none = undefined;
	return { type, mode, uid, gid, mtimeNs, xattrs, content, size: none, digest: none, path: none };
}

function dumpError(line: number, problem: string, field?: Field): ComposefsError {
	const where = field === undefined ? "" : `${field}: `;
	const details = { line, ...(field !== undefined && { field }) };
	return new ComposefsError("ERR_COMPOSEFS_DUMP", `line ${line}: ${where}${problem}`, details);
}
