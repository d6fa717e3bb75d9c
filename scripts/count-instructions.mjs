// Counts instructions of records → image, and of mkcomposefs for the dump of the same tree, under callgrind: unlike
// times they are the same whatever else the machine does. Exits with 1 if ours are more than LIMIT of theirs.
//
//   npm run count-instructions [-- ENTRIES]     100,000 by default, of the tree that bench/sets.ts makes
//
// What is left out, on our side only: VerityHasher, that is, the SHA-256 of the image. `mkcomposefs --from-file`
// computes no digest unless it is asked to print one; and without the processor's SHA instructions, which valgrind
// does not have, hashing would be two thirds of all that is counted. Reading the records and writing the file count.
// Ours is compiled as the addon is, theirs is the distribution's.
import fs from "node:fs";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { main, onPath, root, run, SetupError } from "./report.mjs";

const LIMIT = 0.3;
const LEFT_OUT = ["composefs::VerityHasher::Update*", "composefs::VerityHasher::FinishBytes*"];

const folder = path.join(root, "build", "count");
const files = Object.fromEntries(
	["tree.records", "tree.dump", "ours.cfs", "theirs.cfs", "ours.callgrind", "theirs.callgrind"].map(
		(name) => [name.replace(".", "_"), path.join(folder, name)],
	),
);

/** The same tree as records and as a dump. */
async function makeTree(entries) {
	const load = (file) => import(path.join(root, file));
	const { applicationTree } = await load("build/programs/bench/sets.js");
	const { formatDumpChunks } = await load("lib/dump/index.js");
	const { encodeTree } = await load("lib/encode.js");
	const tree = applicationTree(entries);
	const records = fs.openSync(files.tree_records, "w");
	await encodeTree(tree, (chunk) => fs.writeSync(records, chunk));
	fs.closeSync(records);
	await pipeline(Readable.from(formatDumpChunks(tree)), fs.createWriteStream(files.tree_dump));
}

/** Instructions of a program and of what it becomes by exec. */
function count(output, command, leftOut = []) {
	const toggles = leftOut.map((name) => `--toggle-collect=${name}`);
	const options = ["--tool=callgrind", "--trace-children=yes", ...toggles, "--collect-atstart=yes"];
	run("valgrind", [...options, `--callgrind-out-file=${output}`, ...command]);
	return Number(/^(?:totals|summary): (\d+)$/m.exec(fs.readFileSync(output, "utf8"))[1]);
}

function findMkcomposefs() {
	const { MKCOMPOSEFS } = process.env;
	if (MKCOMPOSEFS) return MKCOMPOSEFS;
	run(process.execPath, [path.join(root, "scripts", "peers.mjs")]);
	const ours = path.join(root, "deps", "peers", "bin", "mkcomposefs");
	return fs.existsSync(ours) ? ours : run("sh", ["-c", "command -v mkcomposefs"]).trim();
}

await main(async () => {
	for (const tool of ["valgrind", "cmake", "ninja"])
		if (!onPath(tool)) throw new SetupError(`there is no ${tool} on PATH`);
	run("cmake", ["-S", root, "-B", folder, "-G", "Ninja", "-DLINK=tuned", "-DOPTIMIZE=-O3"]);
	run("cmake", ["--build", folder, "--target", "write_records"]);
	await makeTree(Number(process.argv[2] ?? 100_000));
	const { tree_records, tree_dump, ours_cfs, theirs_cfs, ours_callgrind, theirs_callgrind } = files;
	const program = path.join(folder, "write_records");
	const ours = count(ours_callgrind, [program, tree_records, ours_cfs], LEFT_OUT);
	const theirs = count(theirs_callgrind, [findMkcomposefs(), "--from-file", tree_dump, theirs_cfs]);
	const isSame = fs.readFileSync(ours_cfs).equals(fs.readFileSync(theirs_cfs));
	for (const file of Object.values(files)) if (!file.endsWith(".callgrind")) fs.rmSync(file);
	if (!isSame) throw new SetupError("the images differ");
	const millions = (instructions) => `${(instructions / 1e6).toFixed(0)} M`;
	const ratio = ours / theirs;
	console.log(`records → image ${millions(ours)}, mkcomposefs --from-file ${millions(theirs)}`);
	console.log(`ratio ${ratio.toFixed(3)}, limit ${LIMIT}`);
	if (ratio > LIMIT) process.exitCode = 1;
});
