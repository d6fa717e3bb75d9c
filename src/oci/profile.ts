/** Profiles: what an image's tree must look like, so that everybody gets the same digest for it. */
import { argumentError } from "../errors.ts";
import { copyMetadata, type Directory, type Inode } from "../inode.ts";
import { MetDirectories } from "../met-directories.ts";
import { runInSlices } from "../slices.ts";
import { checkIsTree, Tree } from "../tree.ts";
import { emptyAs } from "./directories.ts";
import { ociError } from "./fault.ts";

/**
 * `raw`: the tree as the layers have it. `oci`: as composefs-rs makes it before it computes an image's digest, by
 * default; `oci-user-xattrs`: as it does with `keep-user-xattrs`.
 */
export type Profile = "raw" | "oci" | "oci-user-xattrs";

const PROFILES: ReadonlySet<string> = new Set<Profile>(["raw", "oci", "oci-user-xattrs"]);

/**
 * A tree as a profile wants it; the given one stays as it was, and inodes that need no change are shared with it. The
 * table in docs/reference/oci.md says what each profile does. For the digest of composefs-rs's format `V1`, write the image with
 * `minVersion: 1`.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_OCI`, rule `profile`, if there is no /usr to take the root's metadata from, or
 *   if /run is no directory; `ERR_COMPOSEFS_ARGUMENT`; the reason of `signal`
 */
export async function canonicalise(
	tree: Tree,
	profile: Profile,
	options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Tree> {
	checkIsTree(tree);
	checkProfile(profile);
	if (profile === "raw") return tree;
	const root = emptyAs(tree.root);
	for (const [name, inode] of tree.root.children) root.children.set(name, inode);
	const usr = directoryAt(root, "usr");
	if (usr === undefined)
		throw ociError("profile", "/usr: is not there, and the root's metadata is to be its", { path: "/usr" });
	copyMetadata(usr, root);
	const run = directoryAt(root, "run");
	if (run !== undefined) {
		const emptied = emptyAs(run);
		emptied.mtimeNs = usr.mtimeNs;
		root.children.set("run", emptied);
	}
	return new Tree(await runInSlices(filtered(root, profile === "oci-user-xattrs"), options.signal));
}

/** @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT` */
export function checkProfile(profile: Profile): void {
	if (PROFILES.has(profile)) return;
	const text = `profile is ${JSON.stringify(profile)}, not ${[...PROFILES].join(", ")}`;
	throw argumentError(text, { rule: "profile" });
}

function directoryAt(root: Directory, name: string): Directory | undefined {
	const found = root.children.get(name);
	if (found === undefined || found.type === "directory") return found;
	throw ociError("profile", `/${name}: is a ${found.type}, not a directory`, { path: `/${name}` });
}

const NAMES_PER_STEP = 256;

/** The tree below a directory, with the xattrs that the profile keeps. Inodes with several names stay one. */
function* filtered(root: Directory, userXattrs: boolean): Generator<undefined, Directory, undefined> {
	const met = new MetDirectories();
	const changed = new Map<Inode, Inode>();
	const top = emptyAs(root);
	top.xattrs = kept(root.xattrs, userXattrs);
	const pending = [{ from: root, into: top }];
	let count = 0;
	for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
		met.add(at.from);
		for (const [name, inode] of at.from.children) {
			if (++count % NAMES_PER_STEP === 0) yield;
			const xattrs = kept(inode.xattrs, userXattrs);
			let result: Inode = inode;
			if (inode.type === "directory") {
				result = emptyAs(inode);
				result.xattrs = xattrs;
				pending.push({ from: inode, into: result });
			} else if (xattrs !== inode.xattrs) {
				result = changed.get(inode) ?? withXattrs(inode, xattrs);
				changed.set(inode, result);
			}
			at.into.children.set(name, result);
		}
	}
	return top;
}

type Xattrs = Inode["xattrs"];

/** The same map, if all of it is kept. */
function kept(xattrs: Xattrs, userXattrs: boolean): Xattrs {
	if (xattrs === undefined) return undefined;
	const keeps = (name: string) => name === "security.capability" || (userXattrs && name.startsWith("user."));
	const rest = [...xattrs].filter(([name]) => keeps(name));
	if (rest.length === xattrs.size) return xattrs;
	return rest.length === 0 ? undefined : new Map(rest);
}

function withXattrs(inode: Exclude<Inode, Directory>, xattrs: Xattrs): Inode {
	const { mode, uid, gid, mtimeNs } = inode;
	switch (inode.type) {
		case "file": {
			const { type, content, size, digest, path } = inode;
			return { type, mode, uid, gid, mtimeNs, xattrs, content, size, digest, path } as Inode;
		}
		case "symlink":
			return { type: inode.type, mode, uid, gid, mtimeNs, xattrs, target: inode.target };
		case "character-device":
		case "block-device":
			return { type: inode.type, mode, uid, gid, mtimeNs, xattrs, rdev: inode.rdev };
		default:
			return { type: inode.type, mode, uid, gid, mtimeNs, xattrs };
	}
}
