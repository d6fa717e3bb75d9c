/** fs-verity digests as the kernel's documentation describes them, plainly: all levels of the tree in memory. */
import { createHash } from "node:crypto";

const BLOCK_SIZE = 4096;
const DESCRIPTOR_SIZE = 256;

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();

export function referenceDigest(bytes: Uint8Array): string {
	const descriptor = Buffer.alloc(DESCRIPTOR_SIZE);
	descriptor.writeUInt8(1, 0); // version
	descriptor.writeUInt8(1, 1); // SHA-256
	descriptor.writeUInt8(Math.log2(BLOCK_SIZE), 2);
	descriptor.writeBigUInt64LE(BigInt(bytes.length), 8);
	if (bytes.length > 0) rootHash(bytes).copy(descriptor, 16);
	return sha256(descriptor).toString("hex");
}

function rootHash(bytes: Uint8Array): Buffer {
	let level = hashBlocks(bytes);
	while (level.length > 32) level = hashBlocks(level);
	return level;
}

/** The hashes of all blocks, one behind the other; the last block is filled up with zeros. */
function hashBlocks(bytes: Uint8Array): Buffer {
	const hashes: Buffer[] = [];
	for (let at = 0; at < bytes.length; at += BLOCK_SIZE) {
		const block = Buffer.alloc(BLOCK_SIZE);
		block.set(bytes.subarray(at, at + BLOCK_SIZE));
		hashes.push(sha256(block));
	}
	return Buffer.concat(hashes);
}
