// Builds build/Release/composefs.node with node-gyp; the headers of Node-API are those beside node, else those of the
// npm package node-api-headers. As a program it brings the libraries first: that is how the package, once installed,
// is built from its source (`npm install --ignore-scripts` in its folder, then this).
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

/** A folder with include/node for node-gyp's --nodedir. */
function headersFolder() {
	const beside = path.resolve(path.dirname(fs.realpathSync(process.execPath)), "..");
	return hasHeaders(beside) ? beside : headersFromPackage();
}

function hasHeaders(folder) {
	const include = path.join(folder, "include/node");
	const version = path.join(include, "node_version.h");
	if (!fs.existsSync(version) || !fs.existsSync(path.join(include, "common.gypi"))) return false;
	const major = process.versions.node.split(".")[0];
	return new RegExp(`NODE_MAJOR_VERSION ${major}\\b`).test(fs.readFileSync(version, "utf8"));
}

/**
 * The addon uses Node-API alone, so its four headers and two small gyp files are enough.
 *
 * @param {string} [arch]     what is built for
 * @param {string} [folder]   where they go
 */
export function headersFromPackage(arch = process.arch, folder = path.join(root, "build", "headers")) {
	const include = path.join(folder, "include/node");
	fs.mkdirSync(include, { recursive: true });
	fs.cpSync(require("node-api-headers").include_dir, include, { recursive: true });
	const variables = { host_arch: process.arch, target_arch: arch, node_shared: 0 };
	fs.writeFileSync(path.join(include, "config.gypi"), JSON.stringify({ target_defaults: {}, variables }));
	const defaults = {
		default_configuration: "Release",
		configurations: { Release: { cflags: ["-O2"] }, Debug: { cflags: ["-O0", "-g"] } },
		cflags: ["-fPIC", "-pthread"],
		ldflags: ["-pthread"],
		defines: ["_FILE_OFFSET_BITS=64"],
	};
	fs.writeFileSync(path.join(include, "common.gypi"), JSON.stringify({ target_defaults: defaults }));
	return folder;
}

export function buildAddon() {
	checkTools();
	const gyp = require.resolve("node-gyp/bin/node-gyp.js");
	const args = [`--nodedir=${headersFolder()}`, "--loglevel=warn"];
	run(process.execPath, [gyp, "configure", ...args], { cwd: root });
	run(process.execPath, [gyp, "build", ...args, "--jobs=max"], { cwd: root });
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
