/**
 * The xattrs of an inode: those of the tree, and those in which overlayfs is told of a file's object.
 *
 * `trusted.overlay.X` of the tree stands in the image as `trusted.overlay.overlay.X`, which overlayfs shows as
 * the former; what stands there without the doubled word speaks to overlayfs itself.
 */
import { nameToBytes } from "../names.ts";
import { copyBytes, readName } from "./bytes.ts";
import { fail } from "./fault.ts";
import { xxh32 } from "./hash.ts";
import type { InodeFields } from "./inode.ts";
import { XATTR_ENTRY, XATTR_FILTER_SEED, XATTR_HEADER, XATTR_PREFIXES } from "./layout.ts";
import type { ImageBytes, Window } from "./source.ts";
import type { Superblock } from "./superblock.ts";

const OVERLAY = "trusted.overlay.";
const ESCAPED = "trusted.overlay.overlay.";
const METACOPY = "trusted.overlay.metacopy";
const REDIRECT = "trusted.overlay.redirect";
const OPAQUE = "trusted.overlay.opaque";

const NO_DIGEST = "";
/** struct ovl_metacopy of Linux: version, length, flags, algorithm; then the digest. */
const METACOPY_SIZE = 36;
const METACOPY_START = 0x01002400;
const SLASH = 0x2f;
const OPAQUE_VALUE = 0x79;

/** Bits of the filter that are known: of more names than this they are computed each time. */
const MAX_CACHED_NAMES = 1024;

/** An xattr as it stands in the image. */
interface Entry {
	/** Which kind: `name` and `value` belong to the first, `text` to the next two. */
	readonly kind: "tree" | "metacopy" | "redirect" | "opaque";
	/** In the tree. */
	readonly name: string;
	readonly value: Uint8Array | undefined;
	/** Digest, or the object's path. */
	readonly text: string;
	/** The bit of the filter that must be 0. */
	readonly filterBit: number;
}

/** What was found in the inode read last. */
export class XattrReader {
	/** Of the tree, in the order of the image; undefined if there are none. */
	xattrs: Map<string, Uint8Array> | undefined;
	/** The file's content is elsewhere. */
	isMetacopy = false;
	digest: string | undefined;
	/** Path of the object, without the slash in front. */
	path: string | undefined;

	readonly #image: ImageBytes;
	readonly #superblock: Superblock;
	/** By place in the image. */
	readonly #shared = new Map<number, Entry>();
	#sharedBytes = 0;
	readonly #filterBits = new Map<string, number>();
	#isRoot = false;
	#filter = 0;

	constructor(image: ImageBytes, superblock: Superblock) {
		this.#image = image;
		this.#superblock = superblock;
	}

	read({ xattrOffset, xattrSize }: InodeFields, isRoot: boolean): void {
		this.xattrs = undefined;
		this.isMetacopy = false;
		this.digest = undefined;
		this.path = undefined;
		this.#isRoot = isRoot;
		this.#filter = 0;
		if (xattrSize === 0) return;

		const window = this.#image.window(xattrOffset, xattrSize);
		const end = xattrOffset + xattrSize;
		const count = window.view.getUint8(xattrOffset - window.base + XATTR_HEADER.sharedCount);
		let at = xattrOffset + XATTR_HEADER.size + count * 4;
		if (at > end) fail("xattr-size", xattrOffset, `there is no room for ${count} indexes of shared xattrs`);
		while (at < end) {
			const size = entrySize(window, at);
			if (at + size > end) fail("xattr-size", at, "an xattr reaches beyond those of its inode");
			this.#add(this.#decode(window, at), at);
			at += size;
		}
		for (let index = 0; index < count; index++)
			this.#addShared(window, xattrOffset + XATTR_HEADER.size + index * 4);
		this.#checkFilter(window, xattrOffset);
	}

	#add(entry: Entry, at: number): void {
		this.#filter |= 1 << entry.filterBit;
		switch (entry.kind) {
			case "tree":
				this.xattrs ??= new Map();
				if (this.xattrs.has(entry.name))
					fail("xattr-duplicate", at, `there are two xattrs ${JSON.stringify(entry.name)}`);
				this.xattrs.set(entry.name, entry.value as Uint8Array);
				break;
			case "metacopy":
				if (this.isMetacopy) fail("xattr-duplicate", at, `there are two xattrs ${METACOPY}`);
				this.isMetacopy = true;
				if (entry.text !== NO_DIGEST) this.digest = entry.text;
				break;
			case "redirect":
				if (this.path !== undefined) fail("xattr-duplicate", at, `there are two xattrs ${REDIRECT}`);
				this.path = entry.text;
				break;
			case "opaque":
				if (!this.#isRoot) fail("xattr-overlay", at, `${OPAQUE} is not at the root`);
		}
	}

	/** An index counts words from the place that the superblock names. */
	#addShared(window: Window, at: number): void {
		const place = this.#superblock.sharedXattrs + window.view.getUint32(at - window.base, true) * 4;
		let entry = this.#shared.get(place);
		if (entry === undefined) {
			entry = this.#readShared(place, at);
			this.#shared.set(place, entry);
		}
		this.#add(entry, at);
	}

	#readShared(place: number, from: number): Entry {
		const { size } = this.#image;
		if (place + XATTR_ENTRY.size > size)
			fail("xattr-shared", from, `a shared xattr at ${place} is beyond the end of the image`);
		const length = entrySize(this.#image.window(place, XATTR_ENTRY.size), place);
		if (place + length > size)
			fail("xattr-shared", from, `a shared xattr at ${place} reaches beyond the end of the image`);
		// They stand side by side: if together they are longer than the image, some overlap.
		this.#sharedBytes += length;
		if (this.#sharedBytes > size) fail("overlap", place, "shared xattrs overlap");
		return this.#decode(this.#image.window(place, length), place);
	}

	#decode(window: Window, at: number): Entry {
		const start = at - window.base;
		const prefix = XATTR_PREFIXES[window.view.getUint8(start + XATTR_ENTRY.prefix)];
		const nameLength = window.view.getUint8(start + XATTR_ENTRY.nameLength);
		const valueSize = window.view.getUint16(start + XATTR_ENTRY.valueSize, true);
		if (prefix === undefined) fail("xattr-prefix", at + XATTR_ENTRY.prefix, "an xattr's prefix is unknown");
		const suffix = readName(window, at + XATTR_ENTRY.size, nameLength);
		const name = prefix + suffix;
		if (prefix === "" && HIDDEN.test(name))
			fail("xattr-prefix", at + XATTR_ENTRY.prefix, `${JSON.stringify(name)} is not written with its prefix`);
		const filterBit = this.#filterBit(prefix, suffix, name);
		const valueAt = at + XATTR_ENTRY.size + nameLength;
		if (name === METACOPY)
			return {
				kind: "metacopy",
				name,
				value: undefined,
				text: digestOf(window, valueAt, valueSize),
				filterBit,
			};
		if (name === REDIRECT)
			return {
				kind: "redirect",
				name,
				value: undefined,
				text: pathOf(window, valueAt, valueSize),
				filterBit,
			};
		if (!name.startsWith(OVERLAY) || name.startsWith(ESCAPED)) {
			const value = copyBytes(window, valueAt, valueSize);
			return { kind: "tree", name: treeName(name), value, text: "", filterBit };
		}
		const isOpaque = valueSize === 1 && window.view.getUint8(valueAt - window.base) === OPAQUE_VALUE;
		if (name !== OPAQUE || !isOpaque)
			fail("xattr-overlay", at, `composefs does not write the xattr ${JSON.stringify(name)}`);
		return { kind: "opaque", name, value: undefined, text: "", filterBit };
	}

	#filterBit(prefix: string, suffix: string, name: string): number {
		const known = this.#filterBits.get(name);
		if (known !== undefined) return known;
		const index = XATTR_PREFIXES.indexOf(prefix as (typeof XATTR_PREFIXES)[number]);
		const bit = xxh32(nameToBytes(suffix), XATTR_FILTER_SEED + index) & 31;
		if (this.#filterBits.size < MAX_CACHED_NAMES) this.#filterBits.set(name, bit);
		return bit;
	}

	/** A bit that is set says that a name is not there, and the kernel believes it. */
	#checkFilter({ view, base }: Window, at: number): void {
		if (!this.#superblock.hasXattrFilter) return;
		if ((view.getUint32(at - base + XATTR_HEADER.filter, true) & this.#filter) !== 0)
			fail("xattr-filter", at, "the filter of names hides an xattr");
	}
}

/** Names that the kernel does not show if they stand in the image without a prefix's index. */
const HIDDEN = /^(user|trusted|security)\.|^system\.posix_acl_(access|default)/;

/** The name of the tree that stands in the image as this one. */
function treeName(name: string): string {
	return name.startsWith(ESCAPED) ? OVERLAY + name.slice(ESCAPED.length) : name;
}

function entrySize({ view, base }: Window, at: number): number {
	const start = at - base;
	const name = view.getUint8(start + XATTR_ENTRY.nameLength);
	const value = view.getUint16(start + XATTR_ENTRY.valueSize, true);
	return (XATTR_ENTRY.size + name + value + 3) & ~3;
}

/** The SHA-256 digest in a metacopy xattr, in hexadecimal; "" if there is none in it. */
function digestOf({ bytes, view, base }: Window, at: number, size: number): string {
	if (size === 0) return NO_DIGEST;
	const start = at - base;
	if (size !== METACOPY_SIZE || view.getUint32(start, true) !== METACOPY_START)
		fail("metacopy", at, `${METACOPY} has no fs-verity digest of SHA-256`);
	return bytes.toString("hex", start + 4, start + METACOPY_SIZE);
}

function pathOf(window: Window, at: number, size: number): string {
	if (size < 2 || window.view.getUint8(at - window.base) !== SLASH)
		fail("redirect", at, `${REDIRECT} is not an absolute path`);
	return readName(window, at + 1, size - 1);
}

/** What libcomposefs adds to an inode for whiteouts in it, and for a whiteout itself. */
const WHITEOUTS_MARKS = ["trusted.overlay.whiteouts", "user.overlay.whiteouts"];
const OPAQUE_MARKS = ["trusted.overlay.opaque", "user.overlay.opaque"];
const WHITEOUT_MARKS = ["trusted.overlay.whiteout", "user.overlay.whiteout"];
const X = 0x78;

/** A directory looks as one with whiteouts does; `version` is composefs's. */
export function hasWhiteoutsMarks(xattrs: Map<string, Uint8Array> | undefined, version: number): boolean {
	if (xattrs === undefined || !WHITEOUTS_MARKS.every((name) => xattrs.get(name)?.length === 0)) return false;
	const isX = (value: Uint8Array | undefined) => value?.length === 1 && value[0] === X;
	return version === 0 || OPAQUE_MARKS.every((name) => isX(xattrs.get(name)));
}

export function hasWhiteoutMarks(xattrs: Map<string, Uint8Array> | undefined): boolean {
	return xattrs !== undefined && WHITEOUT_MARKS.every((name) => xattrs.get(name)?.length === 0);
}

/** Takes the marks of a directory with whiteouts away. */
export function dropWhiteoutsMarks(xattrs: Map<string, Uint8Array>, version: number): void {
	for (const name of version === 0 ? WHITEOUTS_MARKS : [...WHITEOUTS_MARKS, ...OPAQUE_MARKS])
		xattrs.delete(name);
}

export function dropWhiteoutMarks(xattrs: Map<string, Uint8Array>): void {
	for (const name of WHITEOUT_MARKS) xattrs.delete(name);
}
