/** fs-verity digests as the kernel's documentation describes them, plainly: all levels of the tree in memory. */
import { createHash } from "node:crypto";

const BLOCK_SIZE = 4096;
const DESCRIPTOR_SIZE = 256;

type Algorithm = "sha256" | "sha512";
const NUMBER = { sha256: 1, sha512: 2 } as const;
const HASH_SIZE = { sha256: 32, sha512: 64 } as const;

const hash = (algorithm: Algorithm, bytes: Uint8Array) => createHash(algorithm).update(bytes).digest();

export function referenceDigest(bytes: Uint8Array, algorithm: Algorithm = "sha256"): string {
	const descriptor = Buffer.alloc(DESCRIPTOR_SIZE);
	descriptor.writeUInt8(1, 0); // version
	descriptor.writeUInt8(NUMBER[algorithm], 1);
	descriptor.writeUInt8(Math.log2(BLOCK_SIZE), 2);
	descriptor.writeBigUInt64LE(BigInt(bytes.length), 8);
	if (bytes.length > 0) rootHash(bytes, algorithm).copy(descriptor, 16);
	return hash(algorithm, descriptor).toString("hex");
}

function rootHash(bytes: Uint8Array, algorithm: Algorithm): Buffer {
	let level = hashBlocks(bytes, algorithm);
	while (level.length > HASH_SIZE[algorithm]) level = hashBlocks(level, algorithm);
	return level;
}

/** The hashes of all blocks, one behind the other; the last block is filled up with zeros. */
function hashBlocks(bytes: Uint8Array, algorithm: Algorithm): Buffer {
	const hashes: Buffer[] = [];
	for (let at = 0; at < bytes.length; at += BLOCK_SIZE) {
		const block = Buffer.alloc(BLOCK_SIZE);
		block.set(bytes.subarray(at, at + BLOCK_SIZE));
		hashes.push(hash(algorithm, block));
	}
	return Buffer.concat(hashes);
}
