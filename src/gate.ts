/**
 * The gate: whatever reaches the addon has passed this walk, which applies the rules of validate.ts to every
 * name and inode, and those for the shape of the whole: one root, no cycles, every directory met once. What texts are
 * made of is looked at there; if it is refused, a second walk finds out where that was.
 */
import type { ComposefsError } from "./errors.ts";
import { Idle } from "./idle.ts";
import { type Directory, type Inode, isOpaque, isWhiteout } from "./inode.ts";
import { InodeIndex } from "./inode-index.ts";
import { LIMITS } from "./limits.ts";
import type { Tree } from "./tree.ts";
import { MOST_AHEAD, type Place, Upcoming } from "./upcoming.ts";
import { checkFields, checkIsName, checkName, checkTexts, Violation } from "./validate.ts";

/** What a walk tells of, in its order. */
export interface GateVisitor {
	/** An inode met for the first time. All names are counted from 0, which is the root. */
	inode(name: string, inode: Inode): void;
	/** A further name of the inode that came with the name of that number. */
	link(name: string, target: number): void;
	/** A whiteout. In an opaque directory it hides nothing that is not hidden already. */
	whiteout?(path: string, isRedundant: boolean): void;
	/** What breaks a rule. Without this, it is thrown. */
	violation?(error: ComposefsError): void;
}

const NAMES_PER_STEP = 256;

const NOBODY: GateVisitor = { inode() {}, link() {} };

/**
 * Walks a tree through the gate, in the order of Upcoming. Yields every few hundred names, so that the caller can give
 * way to the event loop; the tree must not change meanwhile.
 */
export function* gatedWalk(tree: Tree, visitor: GateVisitor): Generator<undefined, void, undefined> {
	const walk = idle.take();
	try {
		if (walk.begin(tree, visitor)) while (walk.step()) yield;
	} finally {
		idle.give(walk);
	}
}

// A class, and no generator: this loop is half of the time that encoding takes, and V8 optimises it better so.
class Walk {
	#visitor: GateVisitor = NOBODY;
	readonly #seen = new InodeIndex();
	readonly #upcoming = new Upcoming();

	/** False if there is nothing to do. */
	begin(tree: Tree, visitor: GateVisitor): boolean {
		this.#visitor = visitor;
		const root = enterRoot(tree, this.#seen, visitor);
		if (root !== undefined) this.#upcoming.begin(root);
		return root !== undefined;
	}

	/** Goes on for some names, or up to one that breaks a rule. False if there is no more to do. */
	step(): boolean {
		const upcoming = this.#upcoming;
		try {
			for (let left = NAMES_PER_STEP; left > 0; left--) {
				if (upcoming.next()) this.#visit(upcoming.name, upcoming.inode, upcoming.place, upcoming.print);
				else if (!this.#seen.makeRoom(MOST_AHEAD)) return true;
				else if (!upcoming.look(this.#seen)) return false;
			}
		} catch (error) {
			if (!(error instanceof Violation)) throw error;
			upcoming.refuse();
			report(error, pathOf(upcoming.place, upcoming.name), this.#visitor);
		}
		return true;
	}

	/** Lets go of the tree, wherever in it the walk ended. */
	forget(): void {
		this.#visitor = NOBODY;
		this.#seen.clear();
		this.#upcoming.forget();
	}

	#visit(name: string, inode: Inode, place: Place, print: number | undefined): void {
		checkIsName(name);
		checkFields(inode);
		const target = this.#seen.add(inode, print);
		if (target !== undefined) {
			checkLink(inode, place);
			this.#visitor.link(name, target);
			return;
		}
		this.#visitor.inode(name, inode);
		if (inode.type === "directory") checkDepth(place.depth + 1);
		else if (isWhiteout(inode)) this.#visitor.whiteout?.(pathOf(place, name), isOpaque(place.directory));
	}
}

const idle = new Idle(() => new Walk());

/** The root has an empty name, and no other: the walk sees to that. */
const isRoot = (name: string) => name === "";

/** Applies also the rules that are the addon's on the way to it. */
const WHOLE: GateVisitor = {
	inode(name, inode) {
		if (!isRoot(name)) checkName(name);
		checkTexts(inode);
	},
	link: checkName,
};

/** Every rule that a tree breaks, in the order of a walk; none if it can be written. */
export function validate(tree: Tree): ComposefsError[] {
	const violations: ComposefsError[] = [];
	const visitor: GateVisitor = {
		...WHOLE,
		violation: (error) => violations.push(error),
	};
	for (const _step of gatedWalk(tree, visitor));
	return violations;
}

/** The same in steps, and no further than to the first, which is thrown. */
export function firstViolation(tree: Tree): Generator<undefined, void, undefined> {
	return gatedWalk(tree, WHOLE);
}

function enterRoot(tree: Tree, seen: InodeIndex, visitor: GateVisitor): Directory | undefined {
	try {
		const root = tree?.root;
		if (root?.type !== "directory") fail("root", "the root is not a directory");
		checkFields(root);
		seen.add(root);
		visitor.inode("", root);
		return root;
	} catch (error) {
		if (!(error instanceof Violation)) throw error;
		report(error, "/", visitor);
		return undefined;
	}
}

function checkDepth(depth: number): void {
	if (depth <= LIMITS.depth) return;
	const text = `the directory is ${depth} levels deep, the limit is ${LIMITS.depth}`;
	throw new Violation("ERR_COMPOSEFS_TREE", "depth", text, LIMITS.depth, depth);
}

/** Only some inodes may have several names: libcomposefs would write an invalid image, or read freed memory. */
function checkLink(inode: Inode, place: Place): void {
	if (isWhiteout(inode)) fail("whiteout-linked", "a whiteout has several names");
	if (inode.type !== "directory") return;
	for (let above: Place | undefined = place; above !== undefined; above = above.parent)
		if (above.directory === inode) fail("cycle", "the directory contains itself");
	fail("directory-linked", "the directory has several names");
}

function fail(rule: string, text: string): never {
	throw new Violation("ERR_COMPOSEFS_TREE", rule, text);
}

function report(violation: Violation, path: string, visitor: GateVisitor): void {
	const placed = violation.at(path);
	if (visitor.violation === undefined) throw placed;
	visitor.violation(placed);
}

/** Also of what is no name. By concatenation, so that V8 shares what paths have in common: a deep directory's path takes half a megabyte. */
function pathOf(place: Place, name: string): string {
	return directoryPath(place) + String(name);
}

function directoryPath(place: Place): string {
	const { parent, name } = place;
	place.path ??= parent === undefined ? "/" : `${directoryPath(parent)}${name}/`;
	return place.path;
}
