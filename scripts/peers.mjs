// Brings mkcomposefs and composefs-info under deps/peers/bin, for the tests and benchmarks that compare with
// them: the distribution's package, with the libraries it was built for, so that it runs on an older system.
import fs from "node:fs";
import path from "node:path";
import { unpackPackages } from "./private-apt.mjs";
import { main, onPath, root, run } from "./report.mjs";

const folder = path.join(root, "deps", "peers");
const programs = ["mkcomposefs", "composefs-info"];
const packages = ["composefs", "libcomposefs1", "libssl3t64", "libc6", "libzstd1", "zlib1g"];
const architectures = { x64: "amd64", arm64: "arm64" };

/** The programs start with the loader and libraries of their own release. */
function writeWrapper(program) {
	const loader = run("sh", ["-c", `ls "${folder}"/usr/lib/*/ld-linux-*.so.*`])
		.trim()
		.split("\n")[0];
	const libraries = path.dirname(loader);
	const wrapper = path.join(folder, "bin", program);
	const command = `exec "${loader}" --library-path "${libraries}" "${folder}/usr/bin/${program}" "$@"`;
	fs.writeFileSync(wrapper, `#!/bin/sh\n${command}\n`, { mode: 0o755 });
}

await main(() => {
	if (programs.every((program) => fs.existsSync(path.join(folder, "bin", program)))) return;
	if (!onPath("apt-get")) {
		console.error("no apt-get: tests against mkcomposefs use the one on PATH, if there is one");
		return;
	}
	unpackPackages(packages, {
		architecture: architectures[process.arch] ?? process.arch,
		destination: folder,
		minimum: "1.0.8",
		suite: "sid",
	});
	fs.mkdirSync(path.join(folder, "bin"));
	for (const program of programs) writeWrapper(program);
});
