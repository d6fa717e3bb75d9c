/**
 * Extended attributes in pax headers, in the three ways of those who write them:
 *
 *     GNU tar   SCHILY.xattr.NAME=VALUE      `=` and `%` of the name as %3D and %25
 *     Go        SCHILY.xattr.NAME=VALUE      the name as it is
 *     bsdtar    the same with a percent-encoded name, and LIBARCHIVE.xattr.NAME= with the value in base64 as well
 */
import { copyOf } from "../byte-pool.ts";
import { bytesToName, nameToBytes } from "../names.ts";
import { fail } from "./fault.ts";

const SCHILY = "SCHILY.xattr.";
const LIBARCHIVE = "LIBARCHIVE.xattr.";

export class PaxXattrs {
	readonly #offset: number;
	#schily: [string, Buffer][] | undefined;
	#libarchive: Map<string, Uint8Array> | undefined;

	/** `offset` is the one of the header, for errors. */
	constructor(offset: number) {
		this.#offset = offset;
	}

	/** Takes a record whose key begins as these do. */
	add(key: string, value: Buffer): void {
		if (key.startsWith(SCHILY)) {
			this.#schily ??= [];
			this.#schily.push([key.slice(SCHILY.length), value]);
			return;
		}
		this.#libarchive ??= new Map();
		this.#libarchive.set(decodeAnyXattrName(key.slice(LIBARCHIVE.length)), this.#decodeBase64(key, value));
	}

	/** By name, in memory of their own. */
	result(): Map<string, Uint8Array> | undefined {
		const all = this.#libarchive;
		if (this.#schily === undefined) return all;
		const result = all ?? new Map<string, Uint8Array>();
		for (const [encoded, value] of this.#schily) {
			const name = decodeName(encoded, all === undefined ? GNU_ESCAPE : ANY_ESCAPE);
			const same = all?.get(name);
			if (same !== undefined && value.compare(same) !== 0 && all !== undefined)
				this.#refuse(`has two values for the xattr ${JSON.stringify(name)}`);
			result.set(name, same ?? copyOf(value, 0, value.length));
		}
		return result;
	}

	#decodeBase64(key: string, value: Buffer): Uint8Array {
		const text = value.toString("latin1");
		if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) this.#refuse(`has no base64 in ${JSON.stringify(key)}`);
		return new Uint8Array(Buffer.from(text, "base64"));
	}

	#refuse(problem: string): never {
		return fail("pax-value", this.#offset, `the pax header ${problem}`);
	}
}

const GNU_ESCAPE = /%(3D|25)/;
const ANY_ESCAPE = /%([0-9A-Fa-f]{2})/;

/**
 * The name in a record's key: `=` ends a key, so it is escaped as GNU tar does; `%` only where that would make it one
 * of these escapes, since readers in Go know none.
 */
export function encodeXattrName(name: string): string {
	return name.replaceAll(/=|%(?=3D|25)/g, (character) => (character === "=" ? "%3D" : "%25"));
}

/** The same backwards. */
export function decodeXattrName(encoded: string): string {
	return decodeName(encoded, GNU_ESCAPE);
}

/** The same where any byte may have been escaped. */
export function decodeAnyXattrName(encoded: string): string {
	return decodeName(encoded, ANY_ESCAPE);
}

/** Escapes may be parts of UTF-8, so they are replaced byte by byte. */
function decodeName(encoded: string, pattern: RegExp): string {
	if (!pattern.test(encoded)) return encoded;
	const bytes = Buffer.from(nameToBytes(encoded)).toString("latin1");
	const decoded = bytes.replaceAll(new RegExp(pattern, "g"), (_, hex: string) =>
		String.fromCharCode(Number.parseInt(hex, 16)),
	);
	return bytesToName(Buffer.from(decoded, "latin1"));
}
