/** What is measured against: mkcomposefs on a ready dump, and a Node program that pipes dump text to it. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { type Directory, fileSize, type Inode, type Tree } from "composefs";

/** A program, named by a variable of its name (`MKCOMPOSEFS`, `COMPOSEFS_INFO`) or else the one on PATH. */
export function findPeer(name: string): string | undefined {
	const named = process.env[name.toUpperCase().replaceAll("-", "_")];
	if (named) return named;
	const found = spawnSync("sh", ["-c", 'command -v "$1"', "sh", name], { encoding: "utf8" });
	return found.status === 0 ? found.stdout.trim() : undefined;
}

/** A program's run, its output thrown away by the kernel. */
export async function runToEnd(program: string, args: readonly string[]): Promise<void> {
	await succeeded(spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] }));
}

/** What a Node program does without this package: dump text, made as cheaply as can be, into the helper. */
export async function runOnPipe(program: string, tree: Tree, image: string): Promise<void> {
	const child = spawn(program, ["--from-file", "-", image], { stdio: ["pipe", "ignore", "inherit"] });
	const done = succeeded(child);
	for (const text of leanDump(tree)) if (!child.stdin.write(text)) await once(child.stdin, "drain");
	child.stdin.end();
	await done;
}

async function succeeded(child: ReturnType<typeof spawn>): Promise<void> {
	const [status] = await once(child, "close");
	if (status !== 0) throw new Error(`${child.spawnfile} ended with status ${status}`);
}

/** Peak resident memory of a program, in bytes. */
export function peakMemoryOf(program: string, args: readonly string[]): number {
	const script =
		"import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); " +
		"print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
	const result = spawnSync("python3", ["-c", script, program, ...args], { encoding: "utf8" });
	if (result.status !== 0) throw new Error(result.stderr);
	return Number(result.stdout) * 1024;
}

const PIECE = 1 << 16;
const TYPE: Record<Inode["type"], number> = {
	fifo: 0o010000,
	"character-device": 0o020000,
	directory: 0o040000,
	"block-device": 0o060000,
	file: 0o100000,
	symlink: 0o120000,
	socket: 0o140000,
};

/** In no particular order, and with 0 for the numbers that mkcomposefs computes itself. */
export function* leanDump(tree: Tree): Generator<string> {
	const links = countLinks(tree);
	const firstPaths = new Map<Inode, string>();
	const stack: [string, Inode][] = [["", tree.root]];
	let text = "";
	for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
		const [path, inode] = entry;
		text += leanLine(path || "/", inode, links, firstPaths);
		if (inode.type === "directory")
			for (const [name, child] of inode.children) stack.push([`${path}/${name}`, child]);
		if (text.length < PIECE) continue;
		yield text;
		text = "";
	}
	yield text;
}

function leanLine(path: string, inode: Inode, links: Map<Inode, number>, first: Map<Inode, string>): string {
	const nlink = links.get(inode) ?? 1;
	const target = first.get(inode);
	if (target !== undefined) return `${escapeText(path)} 0 @100000 1 0 0 0 0.0 ${escapeText(target)} - -\n`;
	if (nlink > 1) first.set(inode, path);
	const mode = (TYPE[inode.type] | inode.mode).toString(8);
	const seconds = inode.mtimeNs / 1_000_000_000n;
	const size = inode.type === "file" ? fileSize(inode) : 0;
	const rdev = "rdev" in inode ? (inode.rdev.major << 8) | inode.rdev.minor : 0;
	const xattrs = inode.xattrs === undefined ? "" : leanXattrs(inode.xattrs);
	const numbers = `${size} ${mode} ${nlink} ${inode.uid} ${inode.gid} ${rdev} ${seconds}.0`;
	return `${escapeText(path)} ${numbers} ${leanContent(inode)}${xattrs}\n`;
}

function leanContent(inode: Inode): string {
	if (inode.type === "symlink") return `${escapeText(inode.target)} - -`;
	if (inode.type !== "file") return "- - -";
	if (inode.content?.length) return `- ${escapeText(Buffer.from(inode.content).toString("latin1"))} -`;
	return `${inode.path ?? "-"} - ${inode.digest ?? "-"}`;
}

function leanXattrs(xattrs: Map<string, Uint8Array>): string {
	let text = "";
	for (const [name, value] of xattrs) text += ` ${name}=${escapeText(Buffer.from(value).toString("latin1"))}`;
	return text;
}

function escapeText(text: string): string {
	return text.replaceAll(
		/[^\x21-\x5b\x5d-\x7e]/g,
		(char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
	);
}

function countLinks(tree: Tree): Map<Inode, number> {
	const seen = new Set<Inode>();
	const counts = new Map<Inode, number>();
	const stack: Directory[] = [tree.root];
	for (let directory = stack.pop(); directory !== undefined; directory = stack.pop())
		for (const inode of directory.children.values()) {
			if (inode.type === "directory") stack.push(inode);
			else if (seen.has(inode)) counts.set(inode, (counts.get(inode) ?? 1) + 1);
			else seen.add(inode);
		}
	return counts;
}
