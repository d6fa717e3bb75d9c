// Finds libcomposefs: its headers, and the static or shared library to link.
//
//   node scripts/libcomposefs.mjs ensure     find it, else download it under deps/
//   node scripts/libcomposefs.mjs include    for binding.gyp and CMakeLists.txt
//   node scripts/libcomposefs.mjs libs       likewise, one linker argument a line
//   node scripts/libcomposefs.mjs defines    likewise, what the addon is compiled with
//
// Looked at in this order: COMPOSEFS_PREFIX, pkg-config, /usr, deps/. COMPOSEFS_LINK is `tuned` (the
// static archive, with an allocator of the addon's; the default where it can be), `static` (the archive
// as it is) or `shared`. `--arch=arm64` asks for another architecture than this machine's.
import fs from "node:fs";
import path from "node:path";
import { unpackPackages } from "./private-apt.mjs";
import { compareVersions, main, onPath, osRelease, root, run, SetupError, succeeds } from "./report.mjs";
import { tunedArchive, tunedLinkFlags } from "./tune-archive.mjs";

const minimum = "1.0.8";
const debianArchitectures = { x64: "amd64", arm64: "arm64" };
const triplets = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" };

const argument = process.argv.find((word) => word.startsWith("--arch="));
const arch = argument?.slice("--arch=".length) ?? process.env.npm_config_arch ?? process.arch;
const foreign = arch !== process.arch;
const downloaded = path.join(root, "deps", `libcomposefs-${arch}`);

/** What a prefix such as /usr holds, or undefined. */
function inPrefix(prefix, origin) {
	const include = path.join(prefix, "include");
	if (!fs.existsSync(path.join(include, "libcomposefs/lcfs-writer.h"))) return undefined;
	for (const folder of [`lib/${triplets[arch]}`, "lib64", "lib"]) {
		const libdir = path.join(prefix, folder);
		const description = path.join(libdir, "pkgconfig/composefs.pc");
		if (!fs.existsSync(description)) continue;
		const version = /^Version:\s*(\S+)/m.exec(fs.readFileSync(description, "utf8"))?.[1] ?? "0";
		return usable({ origin, include, libdir, version });
	}
	return undefined;
}

/** Adds the linker's arguments to a candidate; undefined if it is too old or has no library. */
function usable(candidate) {
	if (compareVersions(candidate.version, minimum) < 0) return undefined;
	const archive = path.join(candidate.libdir, "libcomposefs.a");
	const { COMPOSEFS_LINK = "tuned" } = process.env;
	if (fs.existsSync(archive) && COMPOSEFS_LINK !== "shared") {
		const tuned =
			COMPOSEFS_LINK === "tuned" ? tunedArchive({ archive, version: candidate.version, arch }) : undefined;
		if (tuned) return { ...candidate, link: "tuned", libs: [tuned, ...tunedLinkFlags] };
		return { ...candidate, link: "static", libs: [archive] };
	}
	if (!fs.existsSync(path.join(candidate.libdir, "libcomposefs.so"))) return undefined;
	const rpath = candidate.origin === "system" ? [] : [`-Wl,-rpath,${candidate.libdir}`];
	return { ...candidate, link: "shared", libs: [`-L${candidate.libdir}`, ...rpath, "-lcomposefs"] };
}

/** Not by --exists or --libs: Debian's composefs.pc requires a libcrypto.pc that its package does not bring. */
function fromPkgConfig() {
	if (foreign || !onPath("pkg-config") || !succeeds("pkg-config", ["--modversion", "composefs"]))
		return undefined;
	const ask = (question) => run("pkg-config", [question, "composefs"]).trim();
	return usable({
		origin: "system",
		include: ask("--variable=includedir"),
		libdir: ask("--variable=libdir"),
		version: ask("--modversion"),
	});
}

export function findLibcomposefs() {
	const prefix = process.env.COMPOSEFS_PREFIX;
	if (prefix === undefined)
		return (
			fromPkgConfig() ??
			(foreign ? undefined : inPrefix("/usr", "system")) ??
			inPrefix(path.join(downloaded, "usr"), "deps/")
		);
	const found = inPrefix(path.resolve(prefix), "COMPOSEFS_PREFIX");
	if (found) return found;
	throw new SetupError(`COMPOSEFS_PREFIX=${prefix} holds no libcomposefs >= ${minimum}`);
}

/** Finds libcomposefs, or brings it under deps/ with the distribution's own tools. */
export function ensureLibcomposefs() {
	const found = findLibcomposefs();
	if (found) return found;
	const download = onPath("apt-get") && onPath("dpkg-deb") ? downloadDebian : downloadFedora;
	console.error("libcomposefs is not installed: downloading the distribution's package into deps/");
	try {
		download();
	} catch (error) {
		if (!(error instanceof SetupError)) throw error;
		throw new SetupError(`${error.message}\n${advice()}`);
	}
	const result = findLibcomposefs();
	if (result) return result;
	throw new SetupError(`the downloaded package holds no libcomposefs >= ${minimum}\n${advice()}`);
}

function downloadDebian() {
	const packages = ["libcomposefs-dev"];
	if (process.env.COMPOSEFS_LINK === "shared") packages.push("libcomposefs1");
	unpackPackages(packages, {
		architecture: debianArchitectures[arch] ?? arch,
		destination: downloaded,
		minimum,
	});
}

function downloadFedora() {
	for (const tool of ["dnf", "rpm2cpio", "cpio"])
		if (!onPath(tool)) throw new SetupError(`neither apt-get and dpkg-deb nor ${tool} is installed`);
	fs.mkdirSync(path.join(root, "deps"), { recursive: true });
	const work = fs.mkdtempSync(path.join(root, "deps", ".dnf-"));
	try {
		const packages = path.join(work, "packages");
		const privately = [`--setopt=cachedir=${work}/cache`, `--setopt=logdir=${work}/log`];
		run("dnf", [
			"-q",
			"-y",
			...privately,
			"download",
			`--destdir=${packages}`,
			"composefs-devel",
			"composefs-libs",
		]);
		const tree = path.join(work, "tree");
		fs.mkdirSync(tree);
		for (const file of fs.readdirSync(packages))
			run("sh", ["-c", 'rpm2cpio "$1" | cpio -idm --quiet', "sh", path.join(packages, file)], { cwd: tree });
		fs.rmSync(downloaded, { recursive: true, force: true });
		fs.renameSync(tree, downloaded);
	} finally {
		fs.rmSync(work, { recursive: true, force: true });
	}
}

function advice() {
	const { ID = "", ID_LIKE = "" } = osRelease();
	const family = `${ID} ${ID_LIKE}`;
	let command = "(the package with composefs.pc and libcomposefs/lcfs-writer.h)";
	if (/debian|ubuntu/.test(family)) command = "apt-get install libcomposefs-dev   (Debian: from sid)";
	else if (/fedora|rhel|centos/.test(family)) command = "dnf install composefs-devel";
	else if (/alpine/.test(family)) command = "apk add composefs-dev";
	return `libcomposefs >= ${minimum} with its headers is needed. Install it:
    ${command}
or name an unpacked copy:
    COMPOSEFS_PREFIX=/path/to/usr`;
}

if (process.argv[1] === import.meta.filename)
	await main(() => {
		const command = process.argv[2];
		const found = command === "ensure" ? ensureLibcomposefs() : findLibcomposefs();
		if (!found) throw new SetupError(advice());
		if (command === "include") console.log(found.include);
		else if (command === "libs") console.log(found.libs.join("\n"));
		else if (command === "defines") console.log(`COMPOSEFS_TUNED=${found.link === "tuned" ? 1 : 0}`);
		else console.log(`libcomposefs ${found.version}, ${found.link}, from ${found.origin}`);
	});
