// Builds build/Release/composefs.node with node-gyp. As a program it brings the libraries first: that is how the package,
// once installed, is built from its source (`npm install --ignore-scripts` in its folder, then this).
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { main, root, run, SetupError, succeeds } from "./report.mjs";

const require = createRequire(import.meta.url);

/** Throws one short error that names the packages to install. */
export function checkTools() {
	const compiler = process.env.CXX ?? "g++";
	const program = "echo 'int main() {}' | $0 -std=c++20 -xc++ - -o /dev/null";
	const pythons = [process.env.npm_config_python, process.env.PYTHON, "python3", "python"];
	const recent = ["-c", "import sys; sys.exit(sys.version_info < (3, 8))"];
	const needs = [
		{
			what: "a C++20 compiler",
			deb: "g++",
			rpm: "gcc-c++",
			met: () => succeeds("sh", ["-c", program, compiler]),
		},
		{ what: "make", deb: "make", rpm: "make", met: () => succeeds("make", ["--version"]) },
		{
			what: "python3 >= 3.8",
			deb: "python3",
			rpm: "python3",
			met: () => pythons.some((name) => name && succeeds(name, recent)),
		},
	];
	const missing = needs.filter((need) => !need.met());
	if (missing.length === 0) return;
	const list = (key) => missing.map((need) => need[key]).join(" ");
	throw new SetupError(`building the addon needs ${missing.map((need) => need.what).join(", ")}. Install:
    Debian, Ubuntu: apt-get install ${list("deb")}
    Fedora:         dnf install ${list("rpm")}`);
}

/**
 * Makes a folder for node-gyp's --nodedir. The addon uses Node-API alone, so its four headers, which are among the npm
 * packages, and two small gyp files are enough. What node was built with does not matter: each build has the same flags.
 *
 * @param {string} [arch]     what is built for
 * @param {string} [folder]   where they go
 */
export function makeHeaders(arch = process.arch, folder = path.join(root, "build", "headers")) {
	const include = path.join(folder, "include/node");
	fs.mkdirSync(include, { recursive: true });
	const source = require("node-api-headers").include_dir;
	fs.cpSync(source, include, { recursive: true, preserveTimestamps: true }); // make looks at them
	const variables = { host_arch: process.arch, target_arch: arch, node_shared: 0 };
	fs.writeFileSync(path.join(include, "config.gypi"), JSON.stringify({ target_defaults: {}, variables }));
	const defaults = {
		default_configuration: "Release",
		configurations: { Release: { cflags: ["-O3"] }, Debug: { cflags: ["-O0", "-g"] } },
		cflags: ["-fPIC", "-pthread"],
		ldflags: ["-pthread"],
		defines: ["_FILE_OFFSET_BITS=64"],
	};
	fs.writeFileSync(path.join(include, "common.gypi"), JSON.stringify({ target_defaults: defaults }));
	return folder;
}

/**
 * Configures and builds what binding.gyp says.
 *
 * @param {string[]} definitions   for gyp, such as -Dportable=1
 */
export function runGyp({
	cwd = root,
	headers = makeHeaders(),
	arch = process.arch,
	env = {},
	definitions = [],
} = {}) {
	const gyp = require.resolve("node-gyp/bin/node-gyp.js");
	// Variables count for more than arguments, and npm has some for node-gyp.
	const options = {
		cwd,
		env: { ...process.env, npm_config_nodedir: headers, npm_config_arch: arch, ...env },
	};
	const gypRun = (...args) => run(process.execPath, [gyp, ...args], options);
	gypRun("configure", "--loglevel=warn", "--", ...definitions);
	gypRun("build", "--loglevel=warn", "--jobs=max");
}

export function buildAddon() {
	checkTools();
	runGyp();
}

if (process.argv[1] === import.meta.filename)
	await main(async () => {
		const { ensureLibcomposefs } = await import("./libcomposefs.mjs");
		const { ensureLibzstd } = await import("./libzstd.mjs");
		checkTools();
		ensureLibcomposefs();
		ensureLibzstd();
		buildAddon();
	});
