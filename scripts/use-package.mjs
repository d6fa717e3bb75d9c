// Uses the package that is installed in a folder, as its users do: every entry by import and by require(), its types
// in a program of their own, its command.
//
//   node scripts/use-package.mjs FOLDER
import fs from "node:fs";
import path from "node:path";
import { main, root, run } from "./report.mjs";

/** What `import` of the entries and one image give, in one line of JSON; a program for any runtime. */
export const PROGRAM = `
import { Tree, computeDigest, writeImage } from "composefs";
import { createSandbox } from "composefs/sandbox";
const entries = process.argv.slice(2);
const names = [];
for (const entry of entries) names.push(Object.keys(await import(entry)).length);
const tree = new Tree();
tree.mkdir("/etc");
tree.writeFile("/etc/hostname", new TextEncoder().encode("box\\n"), { mode: 0o644, mtimeNs: 0n });
const { image, digest } = await writeImage(tree);
const again = await computeDigest(image);
async function writeInSandbox() {
	const sandbox = await createSandbox({ workers: 1, memory: 2 ** 28 });
	const { digest } = await sandbox.writeImage(tree);
	await sandbox.close();
	return digest;
}
// It starts processes: an emulator knows nothing of those.
const sandboxed = process.env.EMULATED ? digest : await writeInSandbox().catch(({ code, message }) => code + ": " + message);
console.log(JSON.stringify({ digest, same: digest === again, sandboxed, names }));
`;

/** Of the image that PROGRAM writes: the bytes of mkcomposefs. */
export const DIGEST = "438da98899268815525ead4b41f993418625e44cc948722b78320e9a5c36ea1e";

export function entriesOf(installed) {
	const { exports } = JSON.parse(fs.readFileSync(path.join(installed, "package.json"), "utf8"));
	return Object.keys(exports)
		.filter((entry) => entry !== "./package.json")
		.map((entry) => path.posix.join("composefs", entry));
}

/** Throws unless a program's line says that all went well. */
export function checkLine(line, entries) {
	const { digest, same, sandboxed, names } = JSON.parse(line);
	if (digest !== DIGEST || !same) throw new Error(`the image's digest is ${digest}, not ${DIGEST}`);
	if (sandboxed !== digest && !sandboxed.startsWith("ERR_COMPOSEFS_UNSUPPORTED"))
		throw new Error(`in a sandbox: ${sandboxed}`);
	if (names.length !== entries.length || names.includes(0))
		throw new Error(`an entry has no exports: ${names}`);
}

function usePackage(folder) {
	const entries = entriesOf(path.join(folder, "node_modules/composefs"));
	const program = (file, text) => {
		fs.writeFileSync(path.join(folder, file), text);
		return file;
	};
	const node = (...args) => run(process.execPath, args, { cwd: folder });
	checkLine(node(program("use.mjs", PROGRAM), ...entries), entries);
	// A CommonJS program; without top-level await in the package, so require() takes it.
	const required = entries.map((entry) => `Object.keys(require("${entry}")).length`).join(", ");
	const counts = JSON.parse(node(program("use.cjs", `console.log(JSON.stringify([${required}]))`)).trim());
	if (counts.includes(0)) throw new Error(`an entry has no exports by require(): ${counts}`);
	compileTypes(folder, entries, program);
	const version = node("node_modules/.bin/composefs", "--version").split("\n")[0];
	return `${entries.length} entries by import and require(), types in ${TYPE_MODES.length} ways, composefs ${version}`;
}

const TYPE_MODES = [
	["use.mts", "nodenext", "nodenext"],
	["use.mts", "esnext", "bundler"],
	["use.cts", "nodenext", "nodenext"],
];

function compileTypes(folder, entries, program) {
	const imports = entries.map((entry, index) => `import * as entry${index} from "${entry}";`);
	const uses = entries.map((_, index) => `void entry${index};`);
	const typed = `const tree: entry0.Tree = new entry0.Tree();
		const options: entry0.WriteImageOptions = { digestOnly: true };
		const result: Promise<{ digest: string }> = entry0.writeImage(tree, options);
		// @ts-expect-error: a tree is no string
		void entry0.writeImage("tree");
		void result;`;
	for (const file of ["use.mts", "use.cts"]) program(file, [...imports, ...uses, typed].join("\n"));
	const types = path.join(root, "node_modules/@types");
	for (const [file, module, resolution] of TYPE_MODES) {
		const modes = ["--module", module, "--moduleResolution", resolution, "--target", "es2023"];
		// Without skipLibCheck: the package's own declarations are checked too, and ask for the types of node themselves.
		const rest = ["--ignoreConfig", "--strict", "--noEmit", "--typeRoots", types, file];
		run(process.execPath, [path.join(root, "node_modules/typescript/bin/tsc"), ...modes, ...rest], {
			cwd: folder,
		});
	}
}

if (process.argv[1] === import.meta.filename)
	await main(() => console.log(usePackage(path.resolve(process.argv[2]))));
