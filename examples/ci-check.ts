/**
 * Fails when what is shipped is not what was reviewed: a directory's image is compared with the one that a lock file
 * describes, and what differs is printed. The lock is composefs-dump(5) text, to be kept in git.
 *
 *     node ci-check.js --update dist rootfs.lock     # writes the lock
 *     node ci-check.js dist rootfs.lock              # ends with 1 if the digest has changed
 */
import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { type Change, diff, type Tree, writeImage } from "composefs";
import { fromDirectory } from "composefs/directory";
import { formatDump, parseDump } from "composefs/dump";

/** As builds differ without a difference: by who made them, and when. */
function readShipped(folder: string): Promise<Tree> {
	return fromDirectory(folder, { useEpoch: true, mapOwner: () => ({ uid: 0, gid: 0 }) });
}

async function digestOf(tree: Tree): Promise<string> {
	return (await writeImage(tree, { digestOnly: true })).digest;
}

function inWords(change: Change): string {
	if (change.kind !== "changed") return `${change.kind} ${change.path}`;
	return `changed ${change.path}: ${change.attributes.join(", ")}`;
}

async function check(folder: string, lock: string): Promise<number> {
	const [shipped, locked] = [await readShipped(folder), await parseDump(createReadStream(lock))];
	const [actual, expected] = [await digestOf(shipped), await digestOf(locked)];
	if (actual === expected) {
		console.log(`${folder} is what ${lock} says: ${expected}`);
		return 0;
	}
	console.log(`${folder} has the digest ${actual}, not ${expected}:`);
	for (const change of await diff(locked, shipped)) console.log(`  ${inWords(change)}`);
	console.log(`If that is meant: node ci-check.js --update ${folder} ${lock}`);
	return 1;
}

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: { update: { type: "boolean" } },
});
const [folder, lock] = positionals;
if (folder === undefined || lock === undefined) {
	console.error("usage: ci-check [--update] FOLDER LOCK");
	process.exitCode = 2;
} else if (values.update) await writeFile(lock, formatDump(await readShipped(folder)));
else process.exitCode = await check(folder, lock);
