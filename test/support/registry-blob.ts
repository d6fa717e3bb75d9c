/** A blob of 700 bytes in a registry, and servers that have it. */
import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { expect } from "@jest/globals";
import { type BlobSource, type ByteRange, readBlob } from "../../src/blob.ts";
import { RegistryClient, type RegistryOptions } from "../../src/oci/registry/client.ts";
import { verifiedBlob } from "../../src/oci/verified.ts";

export const bytes = Buffer.from(Array.from({ length: 700 }, (_, index) => (index * 7) % 251));
export const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
export const descriptor = {
	mediaType: "application/octet-stream",
	digest,
	size: bytes.length,
	annotations: new Map(),
};

export function blobAt(host: string, options: RegistryOptions = {}, size = bytes.length): BlobSource {
	const client = new RegistryClient({
		plainHttp: "loopback",
		backoffMs: 1,
		credentials: async () => undefined,
		...options,
	});
	return client.repository(`${host}/some/image`).blob({ ...descriptor, size });
}

export const readAll = (blob: BlobSource, signal?: AbortSignal) =>
	readBlob(verifiedBlob(blob, digest, bytes.length), { limit: 1 << 20, signal });

export async function readRanges(blob: BlobSource, ranges: readonly ByteRange[]): Promise<Buffer> {
	const pieces: Uint8Array[] = [];
	let at = -1;
	for await (const piece of blob.readRanges?.(ranges) ?? []) {
		expect(piece.offset).toBeGreaterThan(at);
		at = piece.offset + piece.bytes.length - 1;
		pieces.push(piece.bytes);
	}
	return Buffer.concat(pieces);
}

/** What a request asks for, as [start, end]. */
export function asked({ headers }: IncomingMessage): [number, number][] {
	const [, list] = /^bytes=(.*)$/.exec(headers.range ?? "") ?? [];
	return list?.split(",").map((range) => range.split("-").map(Number) as [number, number]) ?? [];
}

/** A server that knows single ranges. */
export function answer(
	request: IncomingMessage,
	response: ServerResponse,
	content: Uint8Array = bytes,
): void {
	const [range] = asked(request);
	if (range === undefined) {
		response.writeHead(200, { "content-length": content.length });
		response.end(content);
		return;
	}
	const [start, last] = range;
	const part = content.subarray(start, last + 1);
	response.writeHead(206, {
		"content-length": part.length,
		"content-range": `bytes ${start}-${last}/${content.length}`,
	});
	response.end(part);
}

export const RANGES = Array.from({ length: 30 }, (_, index) => ({ start: index * 20, end: index * 20 + 7 }));
export const expectedRanges = Buffer.concat(RANGES.map(({ start, end }) => bytes.subarray(start, end)));
