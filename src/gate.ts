/**
 * The gate: whatever reaches the addon has passed this walk, which applies the rules of validate.ts to every
 * name and inode, and those for the shape of the whole: one root, no cycles, every directory met once. What texts are
 * made of is looked at there; if it is refused, a second walk finds out where that was.
 */
import type { ComposefsError } from "./errors.ts";
import { Idle } from "./idle.ts";
import { type Directory, directory, type Inode, isWhiteout } from "./inode.ts";
import { InodeIndex } from "./inode-index.ts";
import { LIMITS } from "./limits.ts";
import type { Tree } from "./tree.ts";
import { checkFields, checkIsName, checkName, checkTexts, Violation } from "./validate.ts";

/** What a walk tells of, in its order. */
export interface GateVisitor {
	/** An inode met for the first time. All names are counted from 0, which is the root. */
	inode(name: string, inode: Inode): void;
	/** A further name of the inode that came with the name of that number. */
	link(name: string, target: number): void;
	/** A whiteout in an opaque directory: it hides nothing that is not hidden already. */
	redundantWhiteout?(path: string): void;
	/** What breaks a rule. Without this, it is thrown. */
	violation?(error: ComposefsError): void;
}

/** A directory on the way of a walk. */
interface Place {
	readonly directory: Directory;
	readonly name: string;
	readonly parent: Place | undefined;
	/** 1 for the root */
	readonly depth: number;
	/** The path, with a slash at the end, once it was asked for. */
	path: string | undefined;
}

const NAMES_PER_STEP = 256;

const NOWHERE: Place = { directory: directory(), name: "", parent: undefined, depth: 0, path: undefined };
const NOBODY: GateVisitor = { inode() {}, link() {} };

/**
 * Walks a tree through the gate. Yields every few hundred names, so that the caller can give way to the event
 * loop; the tree must not change meanwhile.
 *
 * The children of a directory come together, and behind them all that is below: directory by directory, in the order
 * of their names if all of those are ASCII, else as they came.
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
	/** Directories whose children are to come, the next one last; and those among the children at hand. */
	#pending: Place[] = [];
	#met: Place[] = [];
	/** The directory at hand, which of its children are to come, and the name of the last that came. */
	#place: Place = NOWHERE;
	#names: Iterator<string> = NOWHERE.directory.children.keys();
	#inodes: Iterator<Inode> = NOWHERE.directory.children.values();
	#isOpaque = false;
	#name = "";

	/** False if there is nothing to do. */
	begin(tree: Tree, visitor: GateVisitor): boolean {
		this.#visitor = visitor;
		const root = enterRoot(tree, this.#seen, this.#visitor);
		if (root !== undefined) this.#pending.push(root);
		return root !== undefined;
	}

	/** Goes on for some names, or up to one that breaks a rule. False if there is no more to do. */
	step(): boolean {
		try {
			for (let left = NAMES_PER_STEP; left > 0; left--) {
				const name = this.#names.next();
				if (!name.done) this.#visit(name.value, this.#inodes.next().value);
				else if (!this.#enterNext()) return false;
			}
		} catch (error) {
			report(error, pathOf(this.#place, this.#name), this.#visitor);
		}
		return true;
	}

	/** Lets go of the tree, wherever in it the walk ended. */
	forget(): void {
		this.#visitor = NOBODY;
		this.#seen.clear();
		this.#pending = [];
		this.#met = [];
		this.#enter(NOWHERE);
		this.#name = "";
	}

	#enterNext(): boolean {
		if (this.#met.length > 0) this.#putOff();
		const place = this.#pending.pop();
		if (place !== undefined) this.#enter(place);
		return place !== undefined;
	}

	/** Of the directories among the children that came, the first by name is next, so that the addon's walks are short. */
	#putOff(): void {
		const met = this.#met;
		if (!areInOrder(met) && met.every(({ name }) => ASCII.test(name)))
			met.sort((a, b) => (a.name < b.name ? -1 : 1));
		for (let place = met.pop(); place !== undefined; place = met.pop()) this.#pending.push(place);
	}

	#enter(place: Place): void {
		this.#place = place;
		this.#names = place.directory.children.keys();
		this.#inodes = place.directory.children.values();
		this.#isOpaque = isOpaque(place.directory);
	}

	#visit(name: string, inode: Inode): void {
		this.#name = name;
		checkIsName(name);
		checkFields(inode);
		const target = this.#seen.add(inode);
		if (target !== undefined) {
			checkLink(inode, this.#place);
			this.#visitor.link(name, target);
			return;
		}
		this.#visitor.inode(name, inode);
		if (inode.type === "directory") this.#met.push(below(this.#place, name, inode));
		else if (this.#isOpaque && isWhiteout(inode))
			this.#visitor.redundantWhiteout?.(pathOf(this.#place, name));
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

const ASCII = /^[\0-\x7f]*$/;

function areInOrder(places: readonly Place[]): boolean {
	for (let n = 1; n < places.length; n++)
		if ((places[n - 1] as Place).name > (places[n] as Place).name) return false;
	return true;
}

function enterRoot(tree: Tree, seen: InodeIndex, visitor: GateVisitor): Place | undefined {
	const { root } = tree;
	try {
		if (root?.type !== "directory") fail("root", "the root is not a directory");
		checkFields(root);
	} catch (error) {
		report(error, "/", visitor);
		return undefined;
	}
	seen.add(root);
	visitor.inode("", root);
	return { directory: root, name: "", parent: undefined, depth: 1, path: "/" };
}

function below(parent: Place, name: string, directory: Directory): Place {
	const depth = parent.depth + 1;
	if (depth > LIMITS.depth) {
		const text = `the directory is ${depth} levels deep, the limit is ${LIMITS.depth}`;
		throw new Violation("ERR_COMPOSEFS_TREE", "depth", text, LIMITS.depth, depth);
	}
	return { directory, name, parent, depth, path: undefined };
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

function report(error: unknown, path: string, visitor: GateVisitor): void {
	if (!(error instanceof Violation)) throw error;
	const placed = error.at(path);
	if (visitor.violation === undefined) throw placed;
	visitor.violation(placed);
}

/** By concatenation, so that V8 shares what paths have in common: a deep directory's path takes half a megabyte. */
function pathOf(place: Place, name: string): string {
	return `${directoryPath(place)}${name}`;
}

function directoryPath(place: Place): string {
	const { parent, name } = place;
	place.path ??= parent === undefined ? "/" : `${directoryPath(parent)}${name}/`;
	return place.path;
}

const OPAQUE = "y".charCodeAt(0);

function isOpaque(directory: Directory): boolean {
	return directory.xattrs?.get("trusted.overlay.opaque")?.[0] === OPAQUE;
}
