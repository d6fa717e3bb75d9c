/** How stat(2) packs an inode's type and a device's number. */
import type { DeviceNumber, Inode } from "./inode.ts";

/** The type bits of st_mode (inode(7)). */
export const TYPE_BITS: Readonly<Record<Inode["type"], number>> = {
	fifo: 0o010000,
	"character-device": 0o020000,
	directory: 0o040000,
	"block-device": 0o060000,
	file: 0o100000,
	symlink: 0o120000,
	socket: 0o140000,
};

const TYPE_MASK = 0o170000;
const TYPES = new Map(Object.entries(TYPE_BITS).map(([type, bits]) => [bits, type as Inode["type"]]));

/** The type in st_mode, or undefined if there is no such type. */
export function typeOfMode(mode: number): Inode["type"] | undefined {
	return TYPES.get(mode & TYPE_MASK);
}

/** A device number in 32 bits, as makedev(3) packs it: 12 bits of minor above, 12 of major, 8 of minor. */
export function packDevice({ major, minor }: DeviceNumber): number {
	return (((minor & 0xfff00) << 12) | (major << 8) | (minor & 0xff)) >>> 0;
}

export function unpackDevice(rdev: number): DeviceNumber {
	return { major: (rdev >>> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >>> 12) & 0xfff00) };
}
