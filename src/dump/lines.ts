/** Lines of composefs-dump(5): what stands in each field, and how. */
import { type Directory, fileSize, type Inode } from "../inode.ts";
import { byteLength } from "../names.ts";
import { packDevice, TYPE_BITS } from "../stat.ts";
import { splitTime, type Time } from "../time.ts";
import { ByteWriter } from "./byte-writer.ts";
import { ESCAPES, XATTR_ESCAPES } from "./escape.ts";

const SPACE = 0x20;
const SLASH = 0x2f;
const DASH = 0x2d;
const DOT = 0x2e;
const NEWLINE = 0x0a;
const AT = 0x40;
const EQUALS = 0x3d;
const NONE = " -";

/** Bytes of memory for paths, to begin with. */
const PATH_CAPACITY = 1 << 12;

/** A name in a directory, which other places share: a path may take half a megabyte. The root is none. */
interface Place {
	readonly name: string;
	readonly parent: Place | undefined;
}

/** Writes a line for each inode that it is told of: parents before children, siblings in the order of their names. */
export class DumpLines {
	readonly #text: ByteWriter;
	/** Of the last inode, as it stands in the dump; empty for the root. */
	readonly #path = new ByteWriter(PATH_CAPACITY);
	/** Of it, where the part ends that each of its directories has, by depth. */
	readonly #ends: number[] = [0];
	/** Names of the last inode and of the directories above it, by depth. */
	readonly #names: string[] = [];
	/** The same, as places; made when they are asked for. */
	readonly #places: (Place | undefined)[] = [];
	/** Of inodes with several names, where the first is. */
	readonly #firstPlaces = new Map<Inode, Place>();
	readonly #time: Time = { seconds: 0, nanoseconds: 0 };

	/** @param capacity   bytes of text that are put together before they are taken */
	constructor(capacity: number) {
		this.#text = new ByteWriter(capacity);
	}

	/** Bytes that have not been taken. */
	get length(): number {
		return this.#text.length;
	}

	/** The text since the last time. */
	takeBytes(): Buffer {
		return this.#text.take();
	}

	takeString(): string {
		const text = this.#text.written.toString("latin1");
		this.#text.truncate(0);
		return text;
	}

	/**
	 * @param depth   0 for the root, whose name is empty
	 * @param size    bytes in the image
	 */
	directory(name: string, inode: Directory, depth: number, links: number, size: number): void {
		this.#setPath(name, depth);
		this.#numbers(inode, links, size, false);
		this.#text.ascii(" - - -");
		this.#end(inode);
	}

	/** Anything else, once for each of its names. */
	other(name: string, inode: Inode, depth: number, links: number): void {
		this.#setPath(name, depth);
		const first = links > 1 ? this.#firstPlaces.get(inode) : undefined;
		this.#numbers(inode, links, sizeOf(inode), first !== undefined);
		if (first === undefined) {
			if (links > 1) this.#firstPlaces.set(inode, this.#placeAt(depth));
			this.#optional(payloadOf(inode));
		} else {
			this.#text.byte(SPACE);
			this.#pathTo(first);
		}
		this.#optional(inode.type === "file" && inode.content?.length ? inode.content : undefined);
		this.#optional((inode.type === "file" && inode.size && inode.digest) || undefined);
		this.#end(inode);
	}

	#setPath(name: string, depth: number): void {
		const path = this.#path;
		path.truncate(depth === 0 ? 0 : (this.#ends[depth - 1] as number));
		if (depth > 0) {
			path.byte(SLASH);
			path.escaped(name, ESCAPES);
		}
		this.#ends[depth] = path.length;
		this.#names[depth] = name;
		this.#places[depth] = undefined;
	}

	#placeAt(depth: number): Place {
		const places = this.#places;
		let known = depth;
		while (known > 0 && places[known] === undefined) known--;
		for (let at = known + 1; at <= depth; at++)
			places[at] = { name: this.#names[at] as string, parent: places[at - 1] };
		return places[depth] as Place;
	}

	#pathTo(place: Place): void {
		const names: string[] = [];
		for (let at: Place | undefined = place; at !== undefined; at = at.parent) names.push(at.name);
		for (const name of names.reverse()) {
			this.#text.byte(SLASH);
			this.#text.escaped(name, ESCAPES);
		}
	}

	/** The path, and all fields of numbers. */
	#numbers(inode: Inode, links: number, size: number, isLink: boolean): void {
		const text = this.#text;
		if (this.#path.length === 0) text.byte(SLASH);
		else text.append(this.#path);
		this.#decimal(size);
		text.byte(SPACE);
		if (isLink) text.byte(AT);
		text.octal(TYPE_BITS[inode.type] | inode.mode);
		this.#decimal(links);
		this.#decimal(inode.uid);
		this.#decimal(inode.gid);
		const isDevice = inode.type === "character-device" || inode.type === "block-device";
		this.#decimal(isDevice ? packDevice(inode.rdev) : 0);
		this.#mtime(inode.mtimeNs);
	}

	#decimal(value: number): void {
		this.#text.byte(SPACE);
		this.#text.decimal(value);
	}

	/** Seconds rounded down, and the nanoseconds to add. */
	#mtime(mtimeNs: bigint): void {
		const time = splitTime(mtimeNs, this.#time);
		this.#text.byte(SPACE);
		if (typeof time.seconds === "number" && time.seconds >= 0) this.#text.decimal(time.seconds);
		else this.#text.ascii(String(time.seconds));
		this.#text.byte(DOT);
		this.#text.decimal(time.nanoseconds);
	}

	/** A field that may be empty; a lone dash would mean that it is. */
	#optional(value: string | Uint8Array | undefined): void {
		if (value === undefined) {
			this.#text.ascii(NONE);
			return;
		}
		this.#text.byte(SPACE);
		const isDash = value.length === 1 && (value === "-" || value[0] === DASH);
		if (isDash) this.#text.ascii("\\x2d");
		else this.#text.escaped(value, ESCAPES);
	}

	/** The xattrs, in the order of the Map, which is that of the text or image they come from. */
	#end({ xattrs }: Inode): void {
		const text = this.#text;
		if (xattrs !== undefined)
			for (const [name, value] of xattrs) {
				text.byte(SPACE);
				text.escaped(name, XATTR_ESCAPES);
				text.byte(EQUALS);
				text.escaped(value, XATTR_ESCAPES);
			}
		text.byte(NEWLINE);
	}
}

function sizeOf(inode: Inode): number {
	if (inode.type === "file") return fileSize(inode);
	return inode.type === "symlink" ? byteLength(inode.target) : 0;
}

function payloadOf(inode: Inode): string | undefined {
	if (inode.type === "symlink") return inode.target;
	return (inode.type === "file" && inode.size && inode.path) || undefined;
}
