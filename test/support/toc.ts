/** Tables of contents and blobs with them, made by hand: also such as no tool would write. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { expect } from "@jest/globals";

export type Json = Record<string, unknown>;

export function sha256(bytes: Uint8Array | string): string {
	return createHash("sha256").update(bytes).digest("hex");
}

/** A table's text. */
export function tocJson(entries: readonly Json[], head: Json = {}): Buffer {
	return Buffer.from(JSON.stringify({ version: 1, entries, ...head }));
}

const MAX_BLOCK = 1 << 17;

/** A zstd frame of blocks that are not compressed (RFC 8878, 3.1.1). */
export function zstdFrame(bytes: Uint8Array): Buffer {
	const header = Buffer.from("28b52ffda000000000", "hex");
	header.writeUInt32LE(bytes.length, 5);
	const pieces: Uint8Array[] = [header];
	for (let at = 0; at === 0 || at < bytes.length; at += MAX_BLOCK) {
		const block = bytes.subarray(at, at + MAX_BLOCK);
		const isLast = at + MAX_BLOCK >= bytes.length;
		const head = Buffer.alloc(3);
		head.writeUIntLE(block.length * 8 + (isLast ? 1 : 0), 0, 3);
		pieces.push(head, block);
	}
	return Buffer.concat(pieces);
}

export function skippableFrame(bytes: Uint8Array): Buffer {
	const header = Buffer.from("502a4d1800000000", "hex");
	header.writeUInt32LE(bytes.length, 4);
	return Buffer.concat([header, bytes]);
}

export interface BlobParts {
	readonly bytes: Buffer;
	readonly annotations: Map<string, string>;
}

export interface ZstdChunkedParts {
	/** What stands before the table. */
	readonly content?: Uint8Array;
	readonly toc: Uint8Array;
	readonly tarSplit?: Uint8Array | undefined;
	readonly footer?: "long" | "short" | "none";
	readonly namespace?: string;
}

export function zstdChunkedBlob(parts: ZstdChunkedParts): BlobParts {
	const { content = Buffer.alloc(1000), toc, tarSplit, footer = "long" } = parts;
	const namespace = parts.namespace ?? "io.github.containers.zstd-chunked";
	const compressed = zstdFrame(toc);
	const split = tarSplit === undefined ? undefined : zstdFrame(tarSplit);
	const tocOffset = content.length + 8;
	const splitOffset = tocOffset + compressed.length + 8;
	const numbers = [tocOffset, compressed.length, toc.length, 1];
	const splitNumbers = split === undefined ? [0, 0, 0] : [splitOffset, split.length, tarSplit?.length ?? 0];
	const annotations = new Map([
		[`${namespace}.manifest-checksum`, `sha256:${sha256(compressed)}`],
		[`${namespace}.manifest-position`, numbers.join(":")],
	]);
	if (split !== undefined) annotations.set(`${namespace}.tarsplit-position`, splitNumbers.join(":"));
	const pieces = [content, skippableFrame(compressed)];
	if (split !== undefined) pieces.push(skippableFrame(split));
	if (footer === "long") pieces.push(skippableFrame(words([...numbers, ...splitNumbers], "GNUlInUx")));
	if (footer === "short") pieces.push(skippableFrame(words(numbers, "GnUlInUx")));
	return { bytes: Buffer.concat(pieces), annotations };
}

function words(numbers: readonly number[], magic: string): Buffer {
	const bytes = Buffer.alloc(numbers.length * 8 + 8);
	for (const [n, number] of numbers.entries()) bytes.writeBigUInt64LE(BigInt(number), n * 8);
	bytes.write(magic, numbers.length * 8, "latin1");
	return bytes;
}

export interface EstargzParts {
	readonly content?: Uint8Array;
	readonly toc: Uint8Array;
	readonly footer?: "marked" | "legacy" | "external";
	/** Default: stargz.index.json */
	readonly name?: string;
}

export function estargzBlob(parts: EstargzParts): BlobParts {
	const { content = Buffer.alloc(1000), toc, footer = "marked", name = "stargz.index.json" } = parts;
	const tar = Buffer.concat([tarHeader({ name, size: toc.length }), padded(toc), Buffer.alloc(1024)]);
	const digits = content.length.toString(16).padStart(16, "0");
	const extra = {
		marked: `SG\x16\0${digits}STARGZ`,
		legacy: `${digits}STARGZ`,
		external: "SG\x11\0STARGZEXTERNALTOC",
	}[footer];
	const length = Buffer.alloc(2);
	length.writeUInt16LE(extra.length);
	const last = Buffer.concat([
		Buffer.from("1f8b08040000000000ff", "hex"),
		length,
		Buffer.from(extra, "latin1"),
		Buffer.from("010000ffff0000000000000000", "hex"),
	]);
	return {
		bytes: Buffer.concat([content, gzipSync(tar), last]),
		annotations: new Map([["containerd.io/snapshot/stargz/toc.digest", `sha256:${sha256(toc)}`]]),
	};
}

function padded(bytes: Uint8Array): Buffer {
	return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 511)]);
}

export interface TarHeaderFields {
	readonly name: string | Uint8Array;
	readonly typeflag?: string;
	readonly mode?: number;
	readonly uid?: number;
	readonly gid?: number;
	readonly size?: number;
	readonly mtime?: number;
	readonly linkName?: string | Uint8Array;
	readonly major?: number;
	readonly minor?: number;
}

/** A header in the form of ustar. */
export function tarHeader(fields: TarHeaderFields): Buffer {
	const { name, typeflag = "0", mode = 0o644, uid = 0, gid = 0, size = 0, mtime = 0, linkName = "" } = fields;
	const block = Buffer.alloc(512);
	block.set(Buffer.from(name as string), 0);
	const octal = (value: number, at: number, length: number) =>
		block.write(value.toString(8).padStart(length - 1, "0"), at, "latin1");
	octal(mode, 100, 8);
	octal(uid, 108, 8);
	octal(gid, 116, 8);
	octal(size, 124, 12);
	octal(mtime, 136, 12);
	block.write(`        ${typeflag}`, 148, "latin1");
	block.set(Buffer.from(linkName as string), 157);
	block.write("ustar\x0000", 257, "latin1");
	octal(fields.major ?? 0, 329, 8);
	octal(fields.minor ?? 0, 337, 8);
	const sum = block.reduce((total, byte) => total + byte, 0);
	block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
	return block;
}

/** A pax header with these records. */
export function paxHeader(records: readonly (readonly [key: string, value: Uint8Array | string])[]): Buffer {
	const data = Buffer.concat(
		records.map(([key, value]) => {
			const body = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value as string), Buffer.from("\n")]);
			let length = body.length + 1;
			while (String(length).length + body.length !== length) length++;
			return Buffer.concat([Buffer.from(String(length)), body]);
		}),
	);
	return Buffer.concat([tarHeader({ name: "pax", typeflag: "x", size: data.length }), padded(data)]);
}

/** A tar-split of these files: their headers, and what is said of each. */
export function tarSplitText(
	files: readonly {
		readonly headers: Uint8Array;
		readonly name: string | Uint8Array;
		readonly size?: number;
	}[],
): Buffer {
	const lines: Json[] = [];
	for (const { headers, name, size } of files) {
		lines.push({ type: 2, payload: Buffer.from(headers).toString("base64"), position: lines.length });
		const named = typeof name === "string" ? { name } : { name_raw: Buffer.from(name).toString("base64") };
		lines.push({ type: 1, ...named, ...(size && { size }), payload: null, position: lines.length });
	}
	lines.push({ type: 2, payload: Buffer.alloc(1024).toString("base64"), position: lines.length });
	return Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

/** Expects an error of a table of contents. */
export async function expectRule(
	promise: Promise<unknown>,
	rule: string,
	details: Record<string, unknown> = {},
): Promise<void> {
	const error = await promise.then(
		() => new Error("there was none"),
		(reason) => reason,
	);
	expect(error).toMatchObject({ name: "ComposefsError", code: "ERR_COMPOSEFS_TOC", rule, ...details });
	expect(error.message).toMatch(new RegExp(`\\(rule ${rule}\\)$`));
}
