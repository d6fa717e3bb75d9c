import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type BlobSource, bytesBlob, readBlob } from "../../src/blob.ts";
import { ComposefsError } from "../../src/errors.ts";
import { expectDigest, readVerified, verifiedBlob } from "../../src/oci/verified.ts";
import { sha256 } from "../support/layouts.ts";
import { expectGivenUp } from "../support/stuck.ts";

const bytes = Buffer.from("some bytes");
const digest = sha256(bytes);

function inPieces(pieces: readonly Uint8Array[]): BlobSource {
	return {
		name: "pieces",
		size: async () => 0,
		read: async function* () {
			yield* pieces;
		},
	};
}

async function count(blob: BlobSource): Promise<number> {
	let size = 0;
	for await (const piece of blob.read()) size += piece.length;
	return size;
}

describe("a checked blob", () => {
	test("gives what it should be, in whatever pieces", async () => {
		await fc.assert(
			fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 20 })), async (pieces) => {
				const whole = Buffer.concat(pieces);
				const blob = verifiedBlob(inPieces(pieces), sha256(whole), whole.length);
				expect(await readBlob(blob, { limit: whole.length })).toEqual(whole);
				expect(await blob.size()).toBe(whole.length);
			}),
		);
	});

	test("fails at the first byte too many", async () => {
		let given = 0;
		const endless: BlobSource = {
			name: "endless",
			size: async () => 10,
			read: async function* () {
				for (;;) {
					given++;
					yield Buffer.alloc(4);
				}
			},
		};
		await expect(count(verifiedBlob(endless, digest, 10))).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_BLOB",
			rule: "blob-size",
			limit: 10,
			actual: 12,
		});
		expect(given).toBe(3);
	});

	test("fails where bytes are missing", async () => {
		await expect(count(verifiedBlob(bytesBlob(bytes), digest, 11))).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_BLOB",
			message: "bytes: ends after 10 bytes, not 11",
		});
	});

	test("fails where any bit is another", async () => {
		for (let bit = 0; bit < bytes.length * 8; bit++) {
			const damaged = Buffer.from(bytes);
			damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
			await expect(count(verifiedBlob(bytesBlob(damaged), digest, bytes.length))).rejects.toMatchObject({
				code: "ERR_COMPOSEFS_DIGEST",
				expected: digest,
				actual: sha256(damaged),
			});
		}
	});

	test("is refused without a digest", () => {
		expect(() => verifiedBlob(bytesBlob(bytes), "md5:0", 3)).toThrow(
			expect.objectContaining({ rule: "digest" }),
		);
	});

	test("cannot be read in ranges", async () => {
		const range = { start: 0, end: 2 };
		const read = readBlob(verifiedBlob(bytesBlob(bytes), digest, bytes.length), { range, limit: 2 });
		await expect(read).rejects.toMatchObject({ rule: "blob-range" });
	});

	test("bug: was waited for after the signal, whatever it does", async () => {
		await expectGivenUp([bytes.subarray(0, 1)], (source, signal) => {
			const blob = { name: "stuck", size: async () => bytes.length, read: () => source };
			return readVerified(verifiedBlob(blob, digest, bytes.length).read({ signal }), async (pieces) => {
				for await (const _piece of pieces);
			});
		});
	});

	test("that is cut off by the signal fails with its reason, and not for what is missing", async () => {
		const controller = new AbortController();
		const reason = new Error("enough");
		// At the last moment: nobody waits for the source any more.
		const end = {
			get done(): true {
				controller.abort(reason);
				return true;
			},
			value: undefined,
		};
		const read = () => ({ [Symbol.asyncIterator]: () => ({ next: async () => end }) });
		const blob = verifiedBlob({ ...inPieces([]), read }, digest, bytes.length);
		const reading = blob.read({ signal: controller.signal })[Symbol.asyncIterator]().next();
		await expect(reading).rejects.toBe(reason);
	});

	test("passes a signal on, and closes what it reads", async () => {
		let closed = false;
		const source: BlobSource = {
			name: "slow",
			size: async () => 2,
			read: async function* ({ signal } = {}) {
				try {
					yield Buffer.alloc(1);
					signal?.throwIfAborted();
					yield Buffer.alloc(1);
				} finally {
					closed = true;
				}
			},
		};
		const controller = new AbortController();
		const read = verifiedBlob(source, digest, 2).read({ signal: controller.signal })[Symbol.asyncIterator]();
		await read.next();
		controller.abort(new Error("enough"));
		await expect(read.next()).rejects.toThrow("enough");
		expect(closed).toBe(true);
	});
});

test("digests are compared, with both in the error", () => {
	expectDigest("x", digest, digest);
	expect(() => expectDigest("x", digest, sha256(Buffer.alloc(0)))).toThrow(
		expect.objectContaining({
			code: "ERR_COMPOSEFS_DIGEST",
			expected: digest,
			actual: sha256(Buffer.alloc(0)),
		}),
	);
});

describe("work on a checked blob that fails", () => {
	const pieces = Array.from({ length: 10 }, (_, index) => Buffer.from(`piece ${index}`));
	const whole = Buffer.concat(pieces);
	/** Asks for two pieces at once, as whoever reads ahead does, and fails with the first. */
	const fails = (error: unknown) => async (bytes: AsyncIterable<Uint8Array>) => {
		const ahead = bytes[Symbol.asyncIterator]();
		const both = [ahead.next(), ahead.next()];
		both[1]?.catch(() => undefined);
		await both[0];
		throw error;
	};
	const damage = new ComposefsError("ERR_COMPOSEFS_BLOB", "cannot be decompressed", { rule: "decompress" });

	test.each([1, 2, 10])("tells that the digest is another one, of %d pieces", async (count) => {
		const given = pieces.slice(0, count);
		const { length } = Buffer.concat(given);
		const blob = verifiedBlob(inPieces(given), digest, length);
		await expect(readVerified(blob.read(), fails(damage))).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_DIGEST",
		});
	});

	test("throws what it threw, if the blob is what it should be", async () => {
		const blob = verifiedBlob(inPieces(pieces), sha256(whole), whole.length);
		await expect(readVerified(blob.read(), fails(damage))).rejects.toBe(damage);
	});

	test("reads the rest only so far: who sends more could do so for ever", async () => {
		let given = 0;
		async function* source() {
			for (; ; given++) yield Buffer.alloc(10);
		}
		await expect(readVerified(source(), fails(damage), 100)).rejects.toBe(damage);
		expect(given).toBeLessThan(12);
		const blob = verifiedBlob(inPieces(pieces), digest, whole.length);
		await expect(readVerified(blob.read(), fails(damage), whole.length)).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_DIGEST",
		});
	});

	test("does not read on for what has another cause", async () => {
		let given = 0;
		const counted: BlobSource = {
			...inPieces([]),
			read: async function* () {
				for (const piece of pieces) {
					given++;
					yield piece;
				}
			},
		};
		const full = new ComposefsError("ENOSPC", "no space", {});
		const blob = verifiedBlob(counted, digest, whole.length);
		await expect(readVerified(blob.read(), fails(full))).rejects.toBe(full);
		expect(given).toBeLessThanOrEqual(2);
	});

	test("lets go of what it does not read to its end", async () => {
		let closed = 0;
		const source = async function* () {
			try {
				yield* pieces;
			} finally {
				closed++;
			}
		};
		const full = new ComposefsError("ENOSPC", "no space", {});
		await expect(readVerified(source(), fails(full))).rejects.toBe(full);
		expect(closed).toBe(1);
	});

	test("gives its result", async () => {
		const blob = verifiedBlob(inPieces(pieces), sha256(whole), whole.length);
		expect(await readVerified(blob.read(), async (bytes) => readAll(bytes))).toEqual(whole);
	});
});

async function readAll(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
	const read: Uint8Array[] = [];
	for await (const piece of bytes) read.push(piece);
	return Buffer.concat(read);
}
