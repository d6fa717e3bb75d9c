/**
 * The xattrs of an inode: those of the tree, and those in which overlayfs is told of a file's object.
 *
 * `trusted.overlay.X` of the tree stands in the image as `trusted.overlay.overlay.X`, which overlayfs shows as
 * the former; what stands there without the doubled word speaks to overlayfs itself.
 */
import { NO_BYTES } from "../inode.ts";
import { LIMITS } from "../limits.ts";
import { nameToBytes } from "../names.ts";
import { copyBytes, readName } from "./bytes.ts";
import { fail } from "./fault.ts";
import { xxh32 } from "./hash.ts";
import type { InodeFields } from "./inode.ts";
import { TRUSTED_PREFIX, XATTR_ENTRY, XATTR_FILTER_SEED, XATTR_HEADER, XATTR_PREFIXES } from "./layout.ts";
import { type ImageBytes, NO_IMAGE, type Window } from "./source.ts";
import { NO_SUPERBLOCK, type Superblock } from "./superblock.ts";

const OVERLAY = "trusted.overlay.";
const ESCAPED = "trusted.overlay.overlay.";
const METACOPY = "trusted.overlay.metacopy";
const REDIRECT = "trusted.overlay.redirect";
const OPAQUE = "trusted.overlay.opaque";

const NO_DIGEST = "";
// Pieces of the two names, most significant byte first.
const OVERLAY_NAME_SIZE = 16;
const [OVER, LAY_, META, COPY, REDI, RECT] = ["over", "lay.", "meta", "copy", "redi", "rect"].map((piece) =>
	Buffer.from(piece).readUInt32BE(),
);
const METACOPY_MASK = filterMask(Buffer.from("overlay.metacopy"), TRUSTED_PREFIX);
const REDIRECT_MASK = filterMask(Buffer.from("overlay.redirect"), TRUSTED_PREFIX);

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
	readonly value: Uint8Array;
	/** Digest, or the object's path. */
	readonly text: string;
	/** Bit of the filter, as a mask, that must be 0. */
	readonly filterMask: number;
}

/** What was found in the inode read last. */
export class XattrReader {
	/** Of the tree, in the order of the image; undefined if there are none. */
	xattrs: Map<string, Uint8Array> | undefined;
	/** Of their names and values. */
	bytes = 0;
	/** The file's content is elsewhere. */
	isMetacopy = false;
	digest: string | undefined;
	/** Path of the object, without the slash in front. */
	path: string | undefined;

	#image: ImageBytes = NO_IMAGE;
	#superblock: Superblock = NO_SUPERBLOCK;
	/** By place in the image. */
	readonly #shared = new Map<number, Entry>();
	#sharedBytes = 0;
	readonly #filterMasks = new Map<string, number>();
	#isRoot = false;
	#filter = 0;

	/** Begins with an image, and lets go of the one before. */
	open(image: ImageBytes, superblock: Superblock): void {
		this.#image = image;
		this.#superblock = superblock;
		this.#shared.clear();
		this.#sharedBytes = 0;
		this.#filterMasks.clear();
		this.#begin(false);
	}

	#begin(isRoot: boolean): void {
		this.xattrs = undefined;
		this.bytes = 0;
		this.isMetacopy = false;
		this.digest = undefined;
		this.path = undefined;
		this.#isRoot = isRoot;
		this.#filter = 0;
	}

	read({ xattrOffset, xattrSize }: InodeFields, isRoot: boolean): void {
		this.#begin(isRoot);
		if (xattrSize === 0) return;

		const window = this.#image.window(xattrOffset, xattrSize);
		const end = xattrOffset + xattrSize;
		const count = window.view.getUint8(xattrOffset - window.base + XATTR_HEADER.sharedCount);
		let at = xattrOffset + XATTR_HEADER.size + count * 4;
		if (at > end) fail("xattr-size", xattrOffset, `there is no room for ${count} indexes of shared xattrs`);
		while (at < end) {
			const size = entrySize(window, at);
			if (at + size > end) fail("xattr-size", at, "an xattr reaches beyond those of its inode");
			this.#addOwn(window, at);
			at += size;
		}
		for (let index = 0; index < count; index++)
			this.#addShared(window, xattrOffset + XATTR_HEADER.size + index * 4);
		this.#checkFilter(window, xattrOffset);
	}

	#addOwn(window: Window, at: number): void {
		// Most inodes have these two and no other: nothing is made of them but their text.
		switch (overlayKind(window, at)) {
			case METACOPY:
				this.#addMetacopy(digestOf(window, at), at);
				break;
			case REDIRECT:
				this.#addRedirect(pathOf(window, at), at);
				break;
			default:
				this.#add(this.#decode(window, at), at);
		}
	}

	#add(entry: Entry, at: number): void {
		switch (entry.kind) {
			case "metacopy":
				this.#addMetacopy(entry.text, at);
				return;
			case "redirect":
				this.#addRedirect(entry.text, at);
				return;
			case "opaque":
				if (!this.#isRoot) fail("xattr-overlay", at, `${OPAQUE} is not at the root`);
				break;
			default:
				this.xattrs ??= new Map();
				if (this.xattrs.has(entry.name))
					fail("xattr-duplicate", at, `there are two xattrs ${JSON.stringify(entry.name)}`);
				this.xattrs.set(entry.name, entry.value);
				this.bytes += entry.name.length + entry.value.length;
		}
		this.#filter |= entry.filterMask;
	}

	#addMetacopy(digest: string, at: number): void {
		if (this.isMetacopy) fail("xattr-duplicate", at, `there are two xattrs ${METACOPY}`);
		this.isMetacopy = true;
		if (digest !== NO_DIGEST) this.digest = digest;
		this.#filter |= METACOPY_MASK;
	}

	#addRedirect(path: string, at: number): void {
		if (this.path !== undefined) fail("xattr-duplicate", at, `there are two xattrs ${REDIRECT}`);
		this.path = path;
		this.#filter |= REDIRECT_MASK;
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
		const window = this.#image.window(place, length);
		// They stand side by side: if together they are longer than the image, some overlap.
		this.#sharedBytes += length;
		if (this.#sharedBytes > size) fail("overlap", place, "shared xattrs overlap");
		return this.#decode(window, place);
	}

	#decode(window: Window, at: number): Entry {
		const overlay = overlayKind(window, at);
		if (overlay === METACOPY)
			return { kind: "metacopy", name: "", value: NO_BYTES, text: digestOf(window, at), filterMask: 0 };
		if (overlay === REDIRECT)
			return { kind: "redirect", name: "", value: NO_BYTES, text: pathOf(window, at), filterMask: 0 };
		const start = at - window.base;
		const index = window.view.getUint8(start + XATTR_ENTRY.prefix);
		const prefix = XATTR_PREFIXES[index];
		if (prefix === undefined) fail("xattr-prefix", at + XATTR_ENTRY.prefix, "an xattr's prefix is unknown");
		const nameLength = window.view.getUint8(start + XATTR_ENTRY.nameLength);
		const suffix = readName(window, at + XATTR_ENTRY.size, nameLength);
		const name = prefix + suffix;
		if (prefix === "" && HIDDEN.test(name))
			fail("xattr-prefix", at + XATTR_ENTRY.prefix, `${JSON.stringify(name)} is not written with its prefix`);
		const filterMask = this.#filterMask(name, suffix, index);
		const value = copyBytes(window, valuePlace(window, at), valueLength(window, at));
		if (name.startsWith(ESCAPED))
			return { kind: "tree", name: OVERLAY + name.slice(ESCAPED.length), value, text: "", filterMask };
		if (!name.startsWith(OVERLAY)) return { kind: "tree", name, value, text: "", filterMask };
		if (name !== OPAQUE || value.length !== 1 || value[0] !== OPAQUE_VALUE)
			fail("xattr-overlay", at, `composefs does not write the xattr ${JSON.stringify(name)}`);
		return { kind: "opaque", name, value, text: "", filterMask };
	}

	#filterMask(name: string, suffix: string, prefix: number): number {
		const known = this.#filterMasks.get(name);
		if (known !== undefined) return known;
		const mask = filterMask(nameToBytes(suffix), prefix);
		if (this.#filterMasks.size < MAX_CACHED_NAMES) this.#filterMasks.set(name, mask);
		return mask;
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

function entrySize({ view, base }: Window, at: number): number {
	const start = at - base;
	const name = view.getUint8(start + XATTR_ENTRY.nameLength);
	const value = view.getUint16(start + XATTR_ENTRY.valueSize, true);
	return (XATTR_ENTRY.size + name + value + 3) & ~3;
}

function valuePlace({ view, base }: Window, at: number): number {
	return at + XATTR_ENTRY.size + view.getUint8(at - base + XATTR_ENTRY.nameLength);
}

function valueLength({ view, base }: Window, at: number): number {
	return view.getUint16(at - base + XATTR_ENTRY.valueSize, true);
}

/** METACOPY or REDIRECT if the xattr is one of these; both names are 16 bytes behind `trusted.`. */
function overlayKind({ view, base }: Window, at: number): string | undefined {
	const start = at - base;
	if (view.getUint16(start, true) !== (TRUSTED_PREFIX << 8) + OVERLAY_NAME_SIZE) return undefined;
	const name = start + XATTR_ENTRY.size;
	if (view.getUint32(name) !== OVER || view.getUint32(name + 4) !== LAY_) return undefined;
	const third = view.getUint32(name + 8);
	const fourth = view.getUint32(name + 12);
	if (third === META && fourth === COPY) return METACOPY;
	return third === REDI && fourth === RECT ? REDIRECT : undefined;
}

/** The SHA-256 digest in a metacopy xattr, in hexadecimal; "" if there is none in it. */
function digestOf(window: Window, at: number): string {
	const size = valueLength(window, at);
	if (size === 0) return NO_DIGEST;
	const place = valuePlace(window, at);
	const start = place - window.base;
	if (size !== METACOPY_SIZE || window.view.getUint32(start, true) !== METACOPY_START)
		fail("metacopy", place, `${METACOPY} has no fs-verity digest of SHA-256`);
	return window.bytes.toString("hex", start + 4, start + METACOPY_SIZE);
}

function pathOf(window: Window, at: number): string {
	const size = valueLength(window, at);
	const place = valuePlace(window, at);
	if (size < 2 || window.view.getUint8(place - window.base) !== SLASH)
		fail("redirect", place, `${REDIRECT} is not an absolute path`);
	const path = readName(window, place + 1, size - 1);
	if (size - 1 > LIMITS.pathLength || path.includes("\0"))
		fail("redirect", place, `${REDIRECT} is longer than a path, or has a NUL in it`);
	return path;
}

function filterMask(suffix: Uint8Array, prefix: number): number {
	return 1 << (xxh32(suffix, XATTR_FILTER_SEED + prefix) & 31);
}
