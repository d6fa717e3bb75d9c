// clang-tidy over the addon's sources, with the checks of .clang-tidy: node scripts/tidy.mjs [FILE …]
//
// By default all of native/, which takes minutes; `--untrusted` are the files that read what was not made here. Needs
// clang-tidy, cmake and ninja.
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { main, onPath, root, run, SetupError } from "./report.mjs";

const UNTRUSTED = ["records.cc", "siblings.cc", "tree.cc", "zstd_stream.cc"];

const folder = path.join(root, "build/tidy");
const native = path.join(root, "native");

/** The flags of each file, for clang-tidy to read. */
function configure() {
	const include = path.join(root, "node_modules/node-api-headers/include");
	run("cmake", ["-S", root, "-B", folder, "-G", "Ninja", `-DCMAKE_JS_INC=${include}`]);
}

function chosenFiles(given) {
	if (given.length === 0) return fs.readdirSync(native).filter((name) => name.endsWith(".cc"));
	return given.flatMap((name) => (name === "--untrusted" ? UNTRUSTED : [path.basename(name)]));
}

/** What clang-tidy says of a file; nothing if it is as it should be. */
function check(file) {
	return new Promise((resolve, reject) => {
		const child = spawn("clang-tidy", ["-p", folder, "--quiet", path.join(native, file)], { cwd: root });
		let said = "";
		child.stdout.on("data", (text) => {
			said += text;
		});
		child.stderr.resume(); // how many warnings in other people's headers it has passed over
		child.on("error", reject);
		child.on("close", (status) => resolve(status === 0 ? "" : said || `${file}: exit code ${status}\n`));
	});
}

async function checkAll(files) {
	const waiting = [...files];
	let failures = 0;
	const worker = async () => {
		for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
			const said = await check(file);
			process.stdout.write(said);
			if (said !== "") failures++;
		}
	};
	await Promise.all(Array.from({ length: os.availableParallelism() }, worker));
	return failures;
}

await main(async () => {
	if (!onPath("clang-tidy")) throw new SetupError("clang-tidy is not on PATH");
	configure();
	const files = chosenFiles(process.argv.slice(2));
	const failures = await checkAll(files);
	console.log(`clang-tidy: ${files.length} files, ${failures} with findings`);
	if (failures > 0) process.exitCode = 1;
});
