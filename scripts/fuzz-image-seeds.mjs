// Real images, and the damage that is done to them.
import { readdirSync, readFileSync } from "node:fs";
import { randomOf } from "./fuzz.mjs";

const BLOCK = 4096;
const SUPERBLOCK = 1024;
/** Number of blocks, in the superblock. */
const BLOCK_COUNT = SUPERBLOCK + 36;

/** Images of both versions that libcomposefs writes, with all it can write, and those kept with the tests. */
export async function makeSeeds() {
	const { directory, Tree, writeImage } = await import("../lib/index.js");
	const trees = [smallTree(Tree), richTree(Tree, directory), wideTree(Tree)];
	const images = [];
	for (const tree of trees)
		for (const options of [
			{ minVersion: 0, maxVersion: 0 },
			{ minVersion: 1, maxVersion: 1 },
		])
			images.push((await writeImage(tree, options)).image);
	const fixtures = new URL("../test/image/fixtures/", import.meta.url);
	for (const name of readdirSync(fixtures))
		if (name.endsWith(".img")) images.push(new Uint8Array(readFileSync(new URL(name, fixtures))));
	return images;
}

function smallTree(Tree) {
	const tree = new Tree();
	tree.mkdir("/a");
	tree.writeFile("/a/b", Buffer.from("content"), { mtime: 5 });
	tree.symlink("b", "/a/c");
	return tree;
}

/** All kinds of inodes, and most of what there is to say of them. */
export function richTree(Tree, directory) {
	const label = ["security.selinux", Buffer.from("system_u:object_r:usr_t:s0\0")];
	const tree = new Tree(directory({ xattrs: [label], mtime: 1 }));
	const digest = "0123456789abcdef".repeat(4);
	const object = { size: 100_000, digest, path: `${digest.slice(0, 2)}/${digest.slice(2)}` };
	tree.mkdir("/usr/lib", { recursive: true, xattrs: [label, ["user.name", Buffer.from("value")]] });
	tree.writeFile("/usr/lib/one", object, { mtime: 7, uid: 70_000, xattrs: [label] });
	tree.link("/usr/lib/one", "/usr/lib/two");
	tree.link("/usr/lib/one", "/three");
	tree.writeFile("/usr/lib/huge", { size: 2 ** 45, path: "x" });
	tree.writeFile("/usr/empty", new Uint8Array(0));
	tree.writeFile("/usr/half", Buffer.alloc(3000, "h"));
	tree.writeFile("/usr/most", Buffer.alloc(4999, "m"));
	tree.symlink("t".repeat(3000), "/usr/long");
	tree.symlink("s".repeat(4095), "/usr/longest");
	tree.mknod("/null", "character-device", { major: 1, minor: 3 });
	tree.mknod("/disk", "block-device", { major: 8, minor: 70_000 });
	tree.mknod("/pipe", "fifo");
	tree.mknod("/socket", "socket", { xattrs: [["system.posix_acl_access", Buffer.alloc(4)]] });
	tree.mkdir("/upper", { xattrs: [["trusted.overlay.opaque", Buffer.from("y")]] });
	tree.whiteout("/upper/gone", { xattrs: [label] });
	tree.whiteout("/ab");
	tree.mkdir("/deep/a/b/c/d/e/f/g/h", { recursive: true });
	return tree;
}

function wideTree(Tree) {
	const tree = new Tree();
	tree.mkdir("/wide");
	for (let n = 0; n < 300; n++)
		tree.writeFile(`/wide/${n}-${"é".repeat(n % 40)}`, { size: n, path: `aa/${n}` }, { mtime: n % 3 });
	return tree;
}

/** The damaged image of that number, and what was done to it. */
export function mutate(images, seed, number) {
	const below = randomOf(seed, number);
	const which = below(images.length);
	let image = Uint8Array.from(images[which]);
	const done = [`image ${which}`];
	const count = below(4) === 0 ? 2 + below(3) : 1;
	for (let n = 0; n < count; n++) {
		const kind = KINDS[below(KINDS.length)];
		image = kind(image, below, images) ?? image;
		done.push(kind.name);
	}
	return { input: image, text: done.join(", ") };
}

const KINDS = [
	flipBits,
	flipBits,
	hostileNumber,
	hostileNumber,
	hostileField,
	hostileField,
	splice,
	copyEntry,
	truncate,
];

/** A place that is not padding. */
function usedPlace(image, below) {
	for (let tries = 0; tries < 20; tries++) {
		const at = below(image.length);
		if (image[at] !== 0) return at;
	}
	return below(image.length);
}

function flipBits(image, below) {
	if (image.length === 0) return;
	for (let left = 1 + below(8); left > 0; left--) image[usedPlace(image, below)] ^= 1 << below(8);
}

/** A number that is at the edge of something. */
function hostile(image, below) {
	const size = image.length;
	const choices = [0, 1, 2, 12, 31, 32, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];
	choices.push(
		size,
		size - 1,
		size / 32,
		size / 32 - 1,
		size / BLOCK,
		size / BLOCK - 1,
		4095,
		4096,
		4097,
		5001,
	);
	choices.push(below(size / 32 + 1), below(size + 1), below(256));
	return Math.floor(choices[below(choices.length)]);
}

function hostileNumber(image, below) {
	put(image, usedPlace(image, below) & ~1, 2 + 2 * below(2), hostile(image, below));
}

/** In the first inodes, whose places are known, or the superblock. */
function hostileField(image, below) {
	const start = below(4) === 0 ? SUPERBLOCK : SUPERBLOCK + 128 + 32 * below(64);
	put(image, start + 2 * below(32), 2 + 2 * below(2), hostile(image, below));
}

function put(image, at, size, value) {
	for (let n = 0; n < size && at + n < image.length; n++) image[at + n] = Math.floor(value / 256 ** n);
}

/** Bytes from somewhere else, of this image or another one. */
function splice(image, below, images) {
	const source = below(2) === 0 ? image : images[below(images.length)];
	const unit = [32, 64, 512, BLOCK][below(4)];
	const length = unit * (1 + below(3));
	const from = below(Math.max(1, source.length / unit)) * unit;
	const to = below(Math.max(1, image.length / unit)) * unit;
	image.set(source.slice(from, Math.min(from + length, from + image.length - to)), to);
}

/** Twelve bytes, as an entry of a directory has them, or the eight of its nid. */
function copyEntry(image, below) {
	const length = below(2) === 0 ? 12 : 8;
	const from = usedPlace(image, below) & ~3;
	const to = usedPlace(image, below) & ~3;
	image.set(image.slice(from, Math.min(from + length, image.length, from + image.length - to)), to);
}

/** Half of the time at a block's end, the superblock saying so. */
function truncate(image, below) {
	if (below(2) === 0) return image.slice(0, below(image.length + 1));
	const blocks = below(Math.floor(image.length / BLOCK) + 1);
	const shorter = image.slice(0, blocks * BLOCK);
	put(shorter, BLOCK_COUNT, 4, blocks);
	return shorter;
}
