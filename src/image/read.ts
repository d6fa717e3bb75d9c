/** An image becomes a tree. libcomposefs's own reader crashes on damaged images; this one checks every byte. */
import { trace } from "../diagnostics.ts";
import { inFile } from "../errors.ts";
import { Idle } from "../idle.ts";
import type { Directory, Inode } from "../inode.ts";
import { Tree } from "../tree.ts";
import { checkLimits, type ImageSource, loadImage, nameOfSource, type ReadLimits } from "./source.ts";
import { type Visitor, walkImage } from "./walk.ts";

export interface ReadImageOptions {
	readonly signal?: AbortSignal | undefined;
	readonly limits?: ReadLimits | undefined;
}

/**
 * Reads an image into the tree that `writeImage` takes: images of libcomposefs (composefs versions 0 and 1),
 * and of composefs-rs (also version 2) as far as their digests are SHA-256. For versions 0 and 1, writing the
 * tree with that version gives the same bytes.
 *
 * What the writer adds is left out: the whiteouts `00` to `ff` of the root, its `trusted.overlay.opaque`, and the
 * marks of whiteouts and of directories with whiteouts (`trusted.overlay.overlay.whiteouts`,
 * `trusted.overlay.overlay.opaque` "x", and their twins in `user.overlay.`). `composefs-info dump` shows the last
 * two as attributes of the tree. An opaque "y" that libcomposefs overwrites in version 1 is lost.
 *
 * An image is not trusted. Everything that is read is checked, the kernel's rules and this package's, and no
 * byte is part of two things; so time and memory are in proportion to the image's size. It takes slices of a few
 * milliseconds of this thread. A file is read as a whole first; see `openImage` for looking at a part.
 *
 * An image is refused whose link counts are not those of its names, as mkcomposefs writes it if a dump says so, or
 * in which a whiteout has several names.
 *
 * Values of xattrs that are shared in the image are shared in the tree.
 *
 * @param source   the image's bytes, not to be changed until the promise settles; or its file, by path or open
 * @throws ComposefsError `ERR_COMPOSEFS_IMAGE`, with `offset`, `rule`, and the `path` of a file; or the error of a system
 *   call; or the reason of `signal`
 */
export async function readImage(source: ImageSource, options: ReadImageOptions = {}): Promise<Tree> {
	const begin = () => ({ source: nameOfSource(source) });
	const resultOf = ({ size, inodes }: ReadTree) => ({ size, inodes });
	const read = await trace("composefs:read-image", begin, () => readTree(source, options), resultOf);
	return read.tree;
}

interface ReadTree {
	readonly tree: Tree;
	/** Bytes of the image. */
	readonly size: number;
	readonly inodes: number;
}

async function readTree(source: ImageSource, options: ReadImageOptions): Promise<ReadTree> {
	const { signal } = options;
	const limits = checkLimits(options.limits);
	try {
		return await idle.lend(async (builder) => {
			const image = await loadImage(source, limits.imageSize, signal);
			const inodes = await walkImage(image, builder, limits, signal);
			return { tree: new Tree(builder.root), size: image.size, inodes };
		});
	} catch (error) {
		throw inFile(error, nameOfSource(source));
	}
}

class TreeBuilder implements Visitor {
	root: Directory | undefined = undefined;
	/** What is in the directories that are being read, by depth. */
	readonly #children: Directory["children"][] = [];

	forget(): void {
		this.root = undefined;
		this.#children.length = 0;
	}

	directory(name: string, inode: Directory, depth: number): void {
		if (depth > 0) this.other(name, inode, depth);
		else this.root = inode;
		this.#children[depth] = inode.children;
	}

	other(name: string, inode: Inode, depth: number): void {
		(this.#children[depth - 1] as Directory["children"]).set(name, inode);
	}
}

const idle = new Idle(() => new TreeBuilder());
