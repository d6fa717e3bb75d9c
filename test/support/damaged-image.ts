/** An image to be damaged in a place that is found by path: with a reading of its own, which checks nothing. */
import { expect } from "@jest/globals";
import { readImage } from "../../src/image/read.ts";
import type { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";

const BLOCK = 4096;
const SLOT = 32;
export const SUPERBLOCK = 1024;

export class DamagedImage {
	readonly bytes: Buffer;

	constructor(bytes: Uint8Array) {
		this.bytes = Buffer.from(bytes);
	}

	static async of(tree: Tree, version: 0 | 1 = 0): Promise<DamagedImage> {
		const { image } = await writeImage(tree, { minVersion: version, maxVersion: version });
		return new DamagedImage(image);
	}

	/** Offset of an inode. */
	inode(path: string): number {
		let at = this.bytes.readUInt16LE(SUPERBLOCK + 14) * SLOT;
		for (const name of path.split("/").filter(Boolean))
			at = Number(this.bytes.readBigUInt64LE(this.#find(at, name))) * SLOT;
		return at;
	}

	/** Offset of the entry that a path's last name is. */
	entry(path: string): number {
		const slash = path.lastIndexOf("/");
		return this.#find(this.inode(path.slice(0, slash)), path.slice(slash + 1));
	}

	isExtended(inode: number): boolean {
		return (this.bytes.readUInt16LE(inode) & 1) === 1;
	}

	/** Offset of an inode's xattrs. */
	xattrs(path: string): number {
		const at = this.inode(path);
		return at + (this.isExtended(at) ? 64 : 32);
	}

	/** Offset of what is behind an inode and its xattrs. */
	tail(path: string): number {
		const count = this.bytes.readUInt16LE(this.inode(path) + 2);
		return this.xattrs(path) + (count === 0 ? 0 : 12 + (count - 1) * 4);
	}

	/** Offsets of the blocks of entries of a directory, and their lengths. */
	blocks(inode: number): [at: number, length: number][] {
		const inline = ((this.bytes.readUInt16LE(inode) >> 1) & 7) === 2;
		const size = this.bytes.readUInt32LE(inode + 8);
		const start = this.bytes.readUInt32LE(inode + 16) * BLOCK;
		const count = Math.floor(size / BLOCK);
		const blocks = Array.from({ length: count }, (_, n): [number, number] => [start + n * BLOCK, BLOCK]);
		const xattrCount = this.bytes.readUInt16LE(inode + 2);
		const xattrs = xattrCount === 0 ? 0 : 12 + (xattrCount - 1) * 4;
		if (inline) blocks.push([inode + (this.isExtended(inode) ? 64 : 32) + xattrs, size % BLOCK]);
		return blocks;
	}

	#find(inode: number, name: string): number {
		for (const [at, length] of this.blocks(inode)) {
			const count = this.bytes.readUInt16LE(at + 8) / 12;
			for (let index = 0; index < count; index++) {
				const from = this.bytes.readUInt16LE(at + index * 12 + 8);
				const to = index + 1 < count ? this.bytes.readUInt16LE(at + index * 12 + 20) : length;
				const found = this.bytes.toString("utf8", at + from, at + to).replace(/\0+$/, "");
				if (found === name) return at + index * 12;
			}
		}
		throw new Error(`there is no ${name}`);
	}
}

/** Damages an image, and expects reading to name this rule, and the offset that the damage returns. */
export async function expectRule(
	image: DamagedImage,
	rule: string,
	damage: (image: DamagedImage) => number,
): Promise<void> {
	const offset = damage(image);
	const error = await readImage(image.bytes).catch((reason) => reason);
	expect(error).toMatchObject({ name: "ComposefsError", code: "ERR_COMPOSEFS_IMAGE", rule, offset });
	expect(error.message).toMatch(new RegExp(`^offset ${offset}: .*\\(rule ${rule}\\)$`));
}
