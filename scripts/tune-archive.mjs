// Makes the archive of the tuned link: a copy of libcomposefs.a whose calls of the allocator have names of our
// own (native/tuned_link.cc). Its code is untouched. ARCHITECTURE.md says why this is safe.
import fs from "node:fs";
import path from "node:path";
import { onPath, root, run } from "./report.mjs";

const allocator = ["malloc", "calloc", "realloc", "reallocarray", "free", "strdup", "strndup"];
/** Called often, with next to nothing to do. */
const cheaper = ["strncmp"];
/** Others that give out memory of the C library's own, as far as writing images could reach them. */
const foreign = [
	"posix_memalign",
	"aligned_alloc",
	"memalign",
	"valloc",
	"open_memstream",
	"getline",
	"getdelim",
];
/** Whose insides are known: others are linked as they are. */
const versions = ["1.0.8"];
/** What the addon replaces, and what it calls beyond the public functions: these have to be there. */
const replaced = ["lcfs_clone_root", "lcfs_node_set_xattr", "hash_memory"];
const called = ["lcfs_node_set_xattr_internal"];
/** The table of native/xattr_table.cc has to have all that is called of it. */
const table = [
	"hash_initialize",
	"hash_lookup",
	"hash_insert",
	"hash_insert_if_absent",
	"hash_get_n_entries",
	"hash_get_entries",
	"hash_string",
	"hash_free",
];

/** The linker sends the calls of what is replaced to native/tuned_link.cc. */
export const tunedLinkFlags = replaced.map((name) => `-Wl,--wrap=${name}`);

/** The tuned copy of an archive, or undefined if this one cannot be tuned: then it is linked as it is. */
export function tunedArchive({ archive, version, arch }) {
	if (!versions.includes(version)) return undefined;
	const prefix = { x64: "x86_64-linux-gnu-", arm64: "aarch64-linux-gnu-" }[arch] ?? "";
	const [objcopy, nm] = ["objcopy", "nm"].map((tool) => (onPath(prefix + tool) ? prefix + tool : tool));
	if (!onPath(objcopy) || !onPath(nm)) return undefined;
	const symbols = run(nm, [archive]);
	const has = (kind, name) => new RegExp(`^[0-9a-f ]*${kind} ${name}$`, "m").test(symbols);
	if (![...replaced, ...called].every((name) => has("T", name) && has("U", name))) return undefined;
	if (foreign.some((name) => has("U", name))) return undefined;
	const needed = Array.from(symbols.matchAll(/^ *U (hash_\w+)$/gm), ([, name]) => name);
	if (needed.some((name) => ![...table, ...replaced].includes(name))) return undefined;
	const folder = path.join(root, "build", "tuned");
	const tuned = path.join(folder, `libcomposefs-${arch}.a`);
	fs.mkdirSync(folder, { recursive: true });
	const renames = [...allocator, ...cheaper].map((name) => `--redefine-sym=${name}=composefs_${name}`);
	run(objcopy, [...renames, archive, tuned]);
	return tuned;
}
