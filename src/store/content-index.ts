/**
 * `.sha256` in a store: which object has the content of a SHA-256, since layers' tables of contents know no other digest.
 *
 *     SHA-256 SP fs-verity digest SP size SP check LF     an object; 16 digits each for size and check, all hexadecimal
 *     SHA-256 SP "=" SP content LF                        content that images have inline
 *
 * Lines are appended by any number of processes. What is not a whole line counts for nothing, so a crash does no harm.
 * Without a line its content is fetched once more: a failure to write one is told in NODE_DEBUG, and fails nothing.
 */
import { createHash } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { type FileHandle, open, rename, rm, writeFile } from "node:fs/promises";
import { INLINE_SIZE } from "../content.ts";
import { say } from "../diagnostics.ts";
import { objectPath } from "../object-path.ts";
import { Slices } from "../slices.ts";
import { fromSystem, systemCall } from "../system-call.ts";
import { inside } from "./list.ts";

export interface IndexedObject {
	/** fs-verity digest */
	readonly digest: string;
	/** Bytes */
	readonly size: number;
}

/** What the index has: nobody has looked whether there is such an object. */
export type Indexed = Uint8Array | IndexedObject;

const NAME = ".sha256";
const DIGITS = 64;
const LF = 0x0a;
const OBJECT = /^[0-9a-f]{64} [0-9a-f]{64} [0-9a-f]{16} [0-9a-f]{16}$/;
const INLINE = /^[0-9a-f]{64} = ((?:[0-9a-f]{2})*)$/;
const CHECKED = 2 * DIGITS + 18;
/** Lines are appended when there are so many. */
const BATCH = 256;
const LINES_PER_CHECK = 1024;

export class ContentIndex {
	readonly #root: Buffer;
	#waiting: string[] = [];
	#appending: Promise<void> = Promise.resolve();

	constructor(root: Buffer) {
		this.#root = root;
	}

	/** Remembers content; `flush` writes it down. */
	add(sha256: string, content: Indexed): void {
		if (!(content instanceof Uint8Array)) this.#waiting.push(objectLine(sha256, content));
		else if (content.length <= INLINE_SIZE)
			this.#waiting.push(`${sha256} = ${Buffer.from(content).toString("hex")}`);
		if (this.#waiting.length >= BATCH) void this.flush();
	}

	/** Writes down what was added, if it can. */
	flush(): Promise<void> {
		const lines = this.#waiting;
		this.#waiting = [];
		if (lines.length > 0) this.#appending = this.#appending.then(() => tryToAppend(this.#root, lines));
		return this.#appending;
	}

	/** What is known of these, by SHA-256; of two lines the later counts. */
	async lookUp(wanted: ReadonlySet<string>, signal?: AbortSignal): Promise<Map<string, Indexed>> {
		const found = new Map<string, Indexed>();
		if (wanted.size === 0) return found;
		await this.flush();
		const text = await read(this.#root);
		if (text === undefined) return found;
		for await (const [start, end] of lines(text, signal)) {
			const sha256 = text.toString("latin1", start, start + DIGITS);
			if (!wanted.has(sha256)) continue;
			const content = parseLine(text.toString("latin1", start, end));
			if (content !== undefined) found.set(sha256, content);
		}
		return found;
	}

	/** Forgets objects that are not kept, and what is written down twice. The store is locked meanwhile. */
	async compact(isKept: (path: string) => boolean, signal?: AbortSignal): Promise<void> {
		await this.flush();
		const text = await read(this.#root);
		if (text === undefined) return;
		const kept = new Map<string, string>();
		for await (const [start, end] of lines(text, signal)) {
			const line = text.toString("latin1", start, end);
			const content = parseLine(line);
			if (content === undefined) continue;
			if (content instanceof Uint8Array || isKept(objectPath(content.digest)))
				kept.set(line.slice(0, DIGITS), line);
		}
		try {
			await replace(this.#root, [...kept.values()]);
		} catch (error) {
			// Lines of what is gone do no harm, and the disk may be full: what was removed is removed.
			say("%s: the index of contents stays as it was: %s", () => [this.#root.toString(), String(error)]);
		}
	}
}

function objectLine(sha256: string, { digest, size }: IndexedObject): string {
	const fields = `${sha256} ${digest} ${size.toString(16).padStart(16, "0")}`;
	return `${fields} ${checkOf(fields)}`;
}

function checkOf(fields: string): string {
	return createHash("sha256").update(fields, "latin1").digest("hex").slice(0, 16);
}

/** Undefined if the line is damaged. */
function parseLine(line: string): Indexed | undefined {
	const inline = INLINE.exec(line);
	if (inline !== null) {
		const content = Buffer.from(inline[1] ?? "", "hex");
		const isContent = createHash("sha256").update(content).digest("hex") === line.slice(0, DIGITS);
		return isContent && content.length <= INLINE_SIZE ? content : undefined;
	}
	if (!OBJECT.test(line)) return undefined;
	if (checkOf(line.slice(0, CHECKED)) !== line.slice(CHECKED + 1)) return undefined;
	const size = Number.parseInt(line.slice(2 * DIGITS + 2, CHECKED), 16);
	return { digest: line.slice(DIGITS + 1, 2 * DIGITS + 1), size };
}

async function* lines(text: Buffer, signal: AbortSignal | undefined): AsyncGenerator<[number, number]> {
	const slices = new Slices(signal);
	let count = 0;
	for (let start = 0; start < text.length; ) {
		const end = text.indexOf(LF, start);
		// What has no end is not whole.
		if (end < 0) return;
		if (end - start > DIGITS) yield [start, end];
		start = end + 1;
		if (++count % LINES_PER_CHECK === 0 && slices.isOver()) await slices.next();
	}
}

/** Undefined if there is none, or one that somebody else can have written. */
async function read(root: Buffer): Promise<Buffer | undefined> {
	const file = await openIndex(root, constants.O_RDONLY);
	if (file === undefined) return undefined;
	try {
		return await systemCall(file.readFile(), inside(root, NAME).toString());
	} finally {
		await file.close();
	}
}

/** Full disks and the like are for the objects to tell of. */
async function tryToAppend(root: Buffer, added: readonly string[]): Promise<void> {
	try {
		await append(root, added);
	} catch (error) {
		const values = () => [root.toString(), added.length, String(error)];
		say("%s: %d lines are lost of the index of contents: %s", values);
	}
}

async function append(root: Buffer, added: readonly string[]): Promise<void> {
	const file = await openIndex(root, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT);
	if (file === undefined) return;
	try {
		// In front, too: the last line may be torn. Not `write`, which may take a part only.
		await file.writeFile(`\n${added.join("\n")}\n`, "latin1");
	} finally {
		await file.close();
	}
}

async function openIndex(root: Buffer, flags: number): Promise<FileHandle | undefined> {
	let file: FileHandle;
	try {
		file = await open(inside(root, NAME), flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o644);
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		// Without it, more is fetched: no reason to fail.
		if (code !== undefined) return undefined;
		throw error;
	}
	const status = await file.stat().catch(() => undefined);
	if (status !== undefined && isOurs(status)) return file;
	await file.close();
	return undefined;
}

/** A regular file that nobody but this user or root can write to. */
function isOurs({ uid, mode }: Stats): boolean {
	return (uid === 0 || uid === process.geteuid?.()) && (mode & 0o170022) === 0o100000;
}

async function replace(root: Buffer, kept: readonly string[]): Promise<void> {
	const temporary = inside(root, `${NAME}.${process.pid}`);
	try {
		await rm(temporary, { force: true });
		await writeFile(temporary, kept.map((line) => `${line}\n`).join(""), {
			encoding: "latin1",
			flag: "wx",
			mode: 0o644,
		});
		await rename(temporary, inside(root, NAME));
	} catch (error) {
		await rm(temporary, { force: true }).catch(() => undefined);
		throw fromSystem(error, inside(root, NAME).toString());
	}
}
