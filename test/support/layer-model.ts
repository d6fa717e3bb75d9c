/** Layers in the simplest way there is: paths in a flat map, with nothing shared and nothing clever. */
import type { Inode } from "../../src/inode.ts";
import { directory, isOpaque, isWhiteout } from "../../src/inode.ts";
import type { LayerEntry } from "../../src/oci/layer.ts";
import type { Tree } from "../../src/tree.ts";

/** Path without a slash in front → inode; `""` is the root. Metadata of directories is told by their mode. */
export type FlatTree = Map<string, Inode>;

export function flat(tree: Tree): FlatTree {
	return new Map(Array.from(tree.walk(), ({ path, inode }) => [path.slice(1), inode]));
}

/** What a layer makes of a lower tree; undefined if it is refused. */
export function applyModel(lower: FlatTree, entries: readonly LayerEntry[]): FlatTree | undefined {
	const result = withoutMarked(lower, entries);
	const visible = new Map(result);
	const own = ownTree(entries, visible);
	if (own === undefined) return undefined;
	for (const [path, { inode, implied }] of own) {
		const old = result.get(path);
		const joins = old?.type === "directory" && inode.type === "directory";
		if (!joins) deleteBelow(result, path);
		result.set(path, joins && implied ? old : inode);
	}
	return result;
}

function isMark({ name }: LayerEntry): boolean {
	return (name.split("/").at(-1) as string).startsWith(".wh.");
}

function withoutMarked(lower: FlatTree, entries: readonly LayerEntry[]): FlatTree {
	const result = new Map(lower);
	for (const { name } of entries.filter(isMark)) {
		const at = name.lastIndexOf(".wh.");
		const gone = name.endsWith(".wh..wh..opq")
			? name.slice(0, -".wh..wh..opq".length)
			: name.slice(0, at) + name.slice(at + 4);
		for (const path of lower.keys())
			if (gone.endsWith("/") || gone === "" ? path !== "" && path.startsWith(gone) : isAt(path, gone))
				result.delete(path);
	}
	return result;
}

interface Own {
	readonly inode: Inode;
	readonly implied: boolean;
}

function ownTree(entries: readonly LayerEntry[], lower: FlatTree): Map<string, Own> | undefined {
	const own = new Map<string, Own>();
	for (const entry of entries.filter((one) => !isMark(one))) {
		const inode = entry.inode ?? linked(entry.linkName, own, lower);
		if (inode === undefined || (entry.linkName !== undefined && inode.type === "directory")) return undefined;
		if (entry.linkName === entry.name) return undefined;
		const names = entry.name.split("/");
		for (let count = 1; count < names.length; count++) {
			const path = names.slice(0, count).join("/");
			const above = own.get(path);
			if (above !== undefined && above.inode.type !== "directory") return undefined;
			if (above === undefined) own.set(path, { inode: directory(), implied: true });
		}
		if (inode.type !== "directory") deleteBelow(own, entry.name);
		own.set(entry.name, { inode, implied: false });
	}
	// Parents first.
	return new Map([...own].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What the layer has there so far, else what is below it, unless something of the layer's is in the way. */
function linked(path: string, own: Map<string, Own>, lower: FlatTree): Inode | undefined {
	const isInTheWay = ([top, { inode }]: [string, Own]) =>
		inode.type !== "directory" && path.startsWith(`${top}/`);
	return own.get(path)?.inode ?? ([...own].some(isInTheWay) ? undefined : lower.get(path));
}

function isAt(path: string, top: string): boolean {
	return path === top || path.startsWith(`${top}/`);
}

function deleteBelow(tree: Map<string, unknown>, top: string): void {
	for (const path of [...tree.keys()]) if (isAt(path, top)) tree.delete(path);
}

/** What overlayfs shows of two layers. */
export function overlay(lower: FlatTree, upper: FlatTree): FlatTree {
	const shown = new Map<string, Inode>();
	const hidden = (path: string): boolean => {
		const names = path.split("/");
		return names.some((_, count) => {
			const above = names.slice(0, count).join("/");
			const inode = upper.get(above);
			if (inode === undefined) return false;
			return inode.type !== "directory" || isOpaque(inode);
		});
	};
	for (const [path, inode] of lower) if (!upper.has(path) && !hidden(path)) shown.set(path, inode);
	for (const [path, inode] of upper) if (!isWhiteout(inode)) shown.set(path, inode);
	return shown;
}
