// Builds the binaries of the package, prebuilds/linux-ARCH/composefs.glibc.node, where node-gyp-build looks for them:
//
//   node scripts/prebuild.mjs [x64 | arm64]…     by default this machine's architecture
//
// Another architecture than this machine's takes its cross compiler (Debian: g++-aarch64-linux-gnu). Nothing of
// build/Release changes.
import fs from "node:fs";
import path from "node:path";
import { makeHeaders, runGyp } from "./build-addon.mjs";
import { checkBinary } from "./check-binary.mjs";
import { main, onPath, root, run, SetupError } from "./report.mjs";

export const ARCHITECTURES = ["x64", "arm64"];
const prefixes = { x64: "x86_64-linux-gnu-", arm64: "aarch64-linux-gnu-" };

/** Where the binary of an architecture goes. */
export function prebuildPath(arch) {
	return path.join(root, "prebuilds", `linux-${arch}`, "composefs.glibc.node");
}

/** True if this machine has the compiler. */
export function canBuild(arch) {
	return arch === process.arch || onPath(`${prefixes[arch]}g++`);
}

/** Builds, strips and checks the binary of an architecture; returns what the check found. */
export function prebuild(arch) {
	if (!ARCHITECTURES.includes(arch))
		throw new SetupError(`binaries are made for ${ARCHITECTURES.join(", ")}`);
	if (!canBuild(arch))
		throw new SetupError(
			`${prefixes[arch]}g++ is needed. Install (Debian): apt-get install g++-aarch64-linux-gnu`,
		);
	const foreign = arch === process.arch ? "" : prefixes[arch];
	for (const script of ["libcomposefs.mjs", "libzstd.mjs"])
		run(process.execPath, [path.join(root, "scripts", script), "ensure", `--arch=${arch}`]);
	const built = buildIn(stage(arch), arch, foreign);
	const target = prebuildPath(arch);
	fs.mkdirSync(path.dirname(target), { recursive: true });
	run(`${foreign}strip`, ["--strip-all", "-o", target, built]);
	fs.chmodSync(target, 0o755);
	copyLicences(arch);
	return checkBinary(target, arch);
}

/**
 * Beside the binaries, the notices of what they were linked from, as the distribution ships them, and the licence that
 * asks to be there as a whole.
 */
function copyLicences(arch) {
	const folder = path.join(root, "prebuilds/licenses");
	fs.mkdirSync(folder, { recursive: true });
	for (const [script, name] of [
		["libcomposefs.mjs", "libcomposefs-dev"],
		["libzstd.mjs", "libzstd-dev"],
	]) {
		const include = run(process.execPath, [
			path.join(root, "scripts", script),
			"include",
			`--arch=${arch}`,
		]).trim();
		const notice = path.join(include, "../share/doc", name, "copyright");
		if (!fs.existsSync(notice))
			throw new SetupError(`${notice} is missing: binaries of the package carry it`);
		fs.copyFileSync(notice, path.join(folder, `${name}.txt`));
	}
	const lgpl = "/usr/share/common-licenses/LGPL-2.1";
	if (!fs.existsSync(lgpl)) throw new SetupError(`${lgpl} is missing: binaries of the package carry it`);
	fs.copyFileSync(lgpl, path.join(folder, "LGPL-2.1.txt"));
}

/**
 * A folder like the checkout, whose build/ is its own: make then builds only what changed since. What set-up has compiled
 * for this architecture is taken over, and only linked otherwise.
 */
function stage(arch) {
	const folder = path.join(root, "build", `prebuild-${arch}`);
	fs.mkdirSync(folder, { recursive: true });
	for (const name of ["native", "node_modules", "package.json"]) {
		const link = path.join(folder, name);
		if (!fs.existsSync(link)) fs.symlinkSync(path.join(root, name), link);
	}
	const objects = path.join(root, "build/Release");
	if (arch === process.arch && fs.existsSync(objects))
		fs.cpSync(objects, path.join(folder, "build/Release"), { recursive: true, preserveTimestamps: true });
	// Not by a link: a script knows by its path that it is the program.
	const gyp = fs
		.readFileSync(path.join(root, "binding.gyp"), "utf8")
		.replaceAll("node scripts/", `node ${root}/scripts/`)
		// The package says where it is by where the link leads; make would compile all again for another word.
		.replace("require('node-addon-api').include_dir", "'node_modules/node-addon-api'");
	fs.writeFileSync(path.join(folder, "binding.gyp"), gyp);
	return folder;
}

function buildIn(cwd, arch, foreign) {
	const tools = { CC: "gcc", CXX: "g++", AR: "ar", LINK: "g++" };
	const cross = Object.fromEntries(Object.entries(tools).map(([name, tool]) => [name, foreign + tool]));
	const env = { ...(foreign && cross), COMPOSEFS_LINK: "tuned" };
	const headers = foreign ? makeHeaders(arch, path.join(cwd, "headers")) : makeHeaders();
	runGyp({ cwd, headers, arch, env, definitions: ["-Dportable=1"] });
	return path.join(cwd, "build/Release/composefs.node");
}

if (process.argv[1] === import.meta.filename)
	await main(() => {
		const architectures = process.argv.slice(2);
		for (const arch of architectures.length > 0 ? architectures : [process.arch]) {
			const { size, floor } = prebuild(arch);
			console.log(`${path.relative(root, prebuildPath(arch))}: ${size} bytes, glibc >= ${floor}`);
		}
	});
