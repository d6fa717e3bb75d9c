/** The files of an image's tables whose content is there, and those whose content is to be fetched. */
import type { ContentName, FoundContent } from "../../content.ts";
import type { RegularFile } from "../../inode.ts";
import { Slices } from "../../slices.ts";
import type { TocChunk } from "../../toc/chunks.ts";
import type { LayerToc } from "../../toc/read.ts";

/** Content that is needed, once, however many files have it. */
export interface WantedContent extends ContentName {
	/** Of its first file, for messages. */
	readonly name: string;
	/** Where it is in the layer that it is fetched from. */
	readonly chunks: readonly TocChunk[];
	/** The files that have it. */
	readonly inodes: RegularFile[];
}

export interface LayerContents {
	/** In the order of the blob. */
	readonly missing: readonly WantedContent[];
	/** Files that are not empty. */
	readonly files: number;
}

/** Tells what there is of contents, in their order; what it says nothing of is not there. */
export type FindContents = (
	contents: readonly ContentName[],
) => Promise<readonly (FoundContent | undefined)[]>;

const FILES_PER_CHECK = 512;

/**
 * Gives the files whose content the store has their objects, and lists the others, layer by layer.
 *
 * @param tables  of the layers that have one, lower ones first
 */
export async function wantedContents(
	tables: readonly LayerToc[],
	find: FindContents,
	signal?: AbortSignal,
): Promise<LayerContents[]> {
	const all = new Map<string, WantedContent>();
	const layers: { own: WantedContent[]; files: number }[] = [];
	const slices = new Slices(signal);
	for (const toc of tables) {
		const own: WantedContent[] = [];
		let files = 0;
		for (const { name, inode } of toc.entries) {
			const file = inode && toc.files.get(inode);
			if (file === undefined) continue;
			if (++files % FILES_PER_CHECK === 0 && slices.isOver()) await slices.next();
			// Two sizes of one digest: one of them is wrong, and found to be when it is fetched.
			const key = `${file.digest}:${file.size}`;
			const known = all.get(key);
			if (known !== undefined) {
				known.inodes.push(file.inode);
				continue;
			}
			const { digest: sha256, size, chunks } = file;
			const wanted: WantedContent = { sha256, size, name, chunks, inodes: [file.inode] };
			all.set(key, wanted);
			own.push(wanted);
		}
		layers.push({ own, files });
	}
	const missing = await withoutFound([...all.values()], find);
	return layers.map(({ own, files }) => ({ missing: own.filter((wanted) => missing.has(wanted)), files }));
}

async function withoutFound(
	wanted: readonly WantedContent[],
	find: FindContents,
): Promise<Set<WantedContent>> {
	const missing = new Set(wanted);
	const found = await find(wanted);
	for (const [index, content] of wanted.entries()) {
		const known = found[index];
		if (known === undefined) continue;
		missing.delete(content);
		for (const inode of content.inodes) giveContent(inode, known);
	}
	return missing;
}

/** Says in a file where its content is, or what it is. */
export function giveContent(inode: RegularFile, content: FoundContent): void {
	if (content instanceof Uint8Array) {
		inode.content = content;
		inode.size = undefined;
		return;
	}
	inode.digest = content.digest;
	inode.path = content.path;
}
