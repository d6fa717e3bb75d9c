/**
 * A real root file system, a Debian 12 with 15,249 entries, becomes a tree in memory, is changed there as a
 * program would change it, and becomes a composefs image. With a directory as argument, that becomes an image and a
 * store: see directory.ts.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createGunzip } from "node:zlib";
import { computeDigest, type Tree, writeImage } from "composefs";
import { parseDump } from "composefs/dump";
import { demonstrateDirectory } from "./directory.ts";

const fixtures = new URL("../../../test/fixtures/", import.meta.url);

function countEntries(tree: Tree): Record<string, number> {
	const counts: Record<string, number> = {};
	for (const { inode } of tree.walk()) counts[inode.type] = (counts[inode.type] ?? 0) + 1;
	return counts;
}

/** What a build step would do: configuration, a service to start, something taken away. */
function customise(tree: Tree): string[] {
	const mtime = new Date("2026-01-01T00:00:00Z");
	tree.writeFile("/etc/build-info", Buffer.from("made by a Node program\n"), { mtime });
	tree.symlink("/usr/share/zoneinfo/UTC", "/etc/timezone-link", { mtime });
	tree.link("/usr/bin/env", "/usr/bin/env-again");
	const shell = tree.get("/usr/bin/dash");
	if (shell) shell.xattrs = new Map([["user.origin", Buffer.from("debian")]]);
	tree.whiteout("/etc/issue.net", { mtime });
	return [
		"file      /etc/build-info",
		"symlink   /etc/timezone-link -> /usr/share/zoneinfo/UTC",
		"hard link /usr/bin/env-again = /usr/bin/env",
		"xattr     /usr/bin/dash user.origin=debian",
		"whiteout  /etc/issue.net",
	];
}

/** The image of the tree as it is, against what mkcomposefs 1.0.8 wrote from the same dump. */
async function compareWithMkcomposefs(tree: Tree): Promise<string> {
	const expected = (await readFile(new URL("debian-12.dump.gz.sha256", fixtures), "utf8")).trim();
	const { image = new Uint8Array() } = await writeImage(tree);
	const actual = createHash("sha256").update(image).digest("hex");
	if (actual !== expected)
		throw new Error(`the image differs from mkcomposefs's: ${actual}, not ${expected}`);
	return actual;
}

async function demonstrateDump(): Promise<void> {
	const work = await mkdtemp(path.join(tmpdir(), "composefs-demo-"));
	const image = path.join(work, "debian-12.cfs");
	const readStart = performance.now();
	const dump = createReadStream(new URL("debian-12.dump.gz", fixtures)).pipe(createGunzip());
	const tree = await parseDump(dump);
	const readTime = performance.now() - readStart;
	const sha256 = await compareWithMkcomposefs(tree);

	const changes = customise(tree);
	const writeStart = performance.now();
	const written = await writeImage(tree, { to: image });
	const writeTime = performance.now() - writeStart;

	const counts = countEntries(tree);
	const total = Object.values(counts).reduce((sum, n) => sum + n, 0);
	const kinds = Object.entries(counts).map(([type, n]) => `${type} ${n.toLocaleString("en")}`);
	console.log(`A Debian 12 root file system, read from a dump in ${readTime.toFixed(0)} ms. Its image, as it is, has the
bytes that mkcomposefs 1.0.8 wrote from the same dump:
  sha256    ${sha256}

Changed in memory:
  ${changes.join("\n  ")}

The composefs image of that:
  image     ${image}
  entries   ${total.toLocaleString("en")} names (${kinds.join(", ")})
  bytes     ${written.size.toLocaleString("en")}, composefs format version ${written.version}
  digest    ${written.digest} (fs-verity)
  time      ${writeTime.toFixed(0)} ms from tree to file, in this process

Computed again from the file:
  digest    ${await computeDigest(image)}

The image stays in ${work}, until you remove that folder.`);
}

const USAGE = `usage: npm run demo              # a Debian root file system, changed in memory, becomes an image
       npm run demo -- DIR       # DIR becomes an image and an object store; as root it is mounted as well
What is made is left in a new folder below ${tmpdir()}.`;

async function demonstrate(source: string | undefined): Promise<void> {
	if (source === undefined) return demonstrateDump();
	if (!(await stat(source)).isDirectory()) throw new Error(`${source} is no directory`);
	await demonstrateDirectory(source);
}

const [source, ...others] = process.argv.slice(2);
if (source === "--help" || source === "-h") console.log(USAGE);
else if (source?.startsWith("-") || others.length > 0) {
	console.error(USAGE);
	process.exitCode = 2;
} else
	await demonstrate(source).catch((error: Error) => {
		console.error(`demo: ${error.message}`);
		process.exitCode = 1;
	});
