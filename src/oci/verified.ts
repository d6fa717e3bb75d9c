/** Blobs that are checked while they are read. */
import { abortable } from "../abortable.ts";
import { type BlobReadOptions, type BlobSource, checkIsBlob } from "../blob.ts";
import { ComposefsError } from "../errors.ts";
import { Digester, parseDigest } from "./digest.ts";
import { ociError } from "./fault.ts";

/**
 * A blob whose bytes are counted and hashed as they pass. Reading it to its end is the check: it fails at the first
 * byte too many, or at the end if bytes are missing or the digest is another. Whoever stops before has checked
 * nothing. Ranges cannot be checked and are refused.
 *
 * @param digest   `sha256:…` or `sha512:…`
 * @param size   bytes, as the blob's descriptor has them
 * @throws ComposefsError `ERR_COMPOSEFS_OCI`, rule `digest`, if that is none
 */
export function verifiedBlob(blob: BlobSource, digest: string, size: number): BlobSource {
	checkIsBlob(blob);
	parseDigest(digest);
	return {
		name: blob.name,
		size: async () => size,
		read: (options = {}) => verified(blob, digest, size, options),
	};
}

async function* verified(
	blob: BlobSource,
	digest: string,
	size: number,
	{ range, signal }: BlobReadOptions,
): AsyncGenerator<Uint8Array> {
	if (range !== undefined)
		throw ociError("blob-range", `${blob.name}: a range of a blob cannot be checked against its digest`);
	const digester = new Digester(parseDigest(digest).algorithm);
	let count = 0;
	for await (const bytes of abortable(blob.read({ signal }), signal)) {
		count += bytes.length;
		if (count > size) throw wrongSize(blob, `is longer than ${size} bytes`, size, count);
		digester.update(bytes);
		yield bytes;
	}
	signal?.throwIfAborted();
	if (count < size) throw wrongSize(blob, `ends after ${count} bytes, not ${size}`, size, count);
	expectDigest(blob.name, digest, digester.finish());
}

/** What comes of bytes that are not those that were meant. */
const DAMAGE = /^ERR_COMPOSEFS_(?:BLOB|TAR|OCI|DIGEST)$/;

/**
 * Does something with the bytes of a verified blob. Where they make no sense, the rest is read, too: that they are not
 * those of the digest says more than what came of them, and when that is found must not depend on who is faster.
 *
 * @param limit   bytes of the blob behind which no rest is read: whoever sends more could do so for ever
 * @throws what `work` throws, unless the blob is not what it should be
 */
export async function readVerified<T>(
	blob: AsyncIterable<Uint8Array>,
	work: (bytes: AsyncIterable<Uint8Array>) => Promise<T>,
	limit: number = Number.POSITIVE_INFINITY,
): Promise<T> {
	const pieces = blob[Symbol.asyncIterator]();
	let wrong: { readonly error: unknown } | undefined;
	let count = 0;
	const next = async () => {
		try {
			const piece = await pieces.next();
			if (!piece.done) count += piece.value.length;
			return piece;
		} catch (error) {
			wrong = { error };
			throw error;
		}
	};
	try {
		// Without `return`: whoever gives up must not end the check.
		return await work({ [Symbol.asyncIterator]: () => ({ next }) });
	} catch (error) {
		if (!(error instanceof ComposefsError) || !DAMAGE.test(error.code)) throw error;
		while (wrong === undefined && count <= limit && !(await next()).done);
		throw wrong === undefined ? error : wrong.error;
	} finally {
		await pieces.return?.();
	}
}

/** @throws ComposefsError `ERR_COMPOSEFS_DIGEST`, unless both are the same */
export function expectDigest(name: string, expected: string, actual: string): void {
	if (actual === expected) return;
	const text = `${name}: the digest is ${actual}, not ${expected}`;
	throw new ComposefsError("ERR_COMPOSEFS_DIGEST", text, { rule: "digest", expected, actual });
}

function wrongSize({ name }: BlobSource, problem: string, limit: number, actual: number): ComposefsError {
	return new ComposefsError("ERR_COMPOSEFS_BLOB", `${name}: ${problem}`, {
		rule: "blob-size",
		limit,
		actual,
	});
}
