// Libraries that the addon links: found on the system, or brought under deps/ as the distribution's own package.
//
// A library is described by an object:
//   name      such as `libzstd`           module    its name in pkg-config
//   minimum   lowest version              header    one of its headers, below include/
//   packages  { debian, fedora, alpine }  suite     of Debian, where it is; by default the machine's own
//   variable  of the environment, names a prefix to use instead
//   link      function of a candidate `{ origin, include, libdir, version }`: adds what to give to the linker, or
//             undefined if there is nothing to link
import fs from "node:fs";
import path from "node:path";
import { unpackPackages } from "./private-apt.mjs";
import { compareVersions, main, onPath, osRelease, root, run, SetupError, succeeds } from "./report.mjs";

const debianArchitectures = { x64: "amd64", arm64: "arm64" };
const triplets = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" };

const argument = process.argv.find((word) => word.startsWith("--arch="));
/** The architecture that is built for: `--arch=arm64`, or this machine's. */
export const arch = argument?.slice("--arch=".length) ?? process.env.npm_config_arch ?? process.arch;
const foreign = arch !== process.arch;

/** Where the distribution's package is unpacked. */
function unpackedFolder({ name }) {
	return path.join(root, "deps", `${name}-${arch}`);
}

/** What a prefix such as /usr holds, or undefined. */
function inPrefix(library, prefix, origin) {
	const include = path.join(prefix, "include");
	if (!fs.existsSync(path.join(include, library.header))) return undefined;
	for (const folder of [`lib/${triplets[arch]}`, "lib64", "lib"]) {
		const libdir = path.join(prefix, folder);
		const description = path.join(libdir, `pkgconfig/${library.module}.pc`);
		if (!fs.existsSync(description)) continue;
		const version = /^Version:\s*(\S+)/m.exec(fs.readFileSync(description, "utf8"))?.[1] ?? "0";
		return usable(library, { origin, include, libdir, version });
	}
	return undefined;
}

/** A candidate with what to link; undefined if it is too old or has no library. */
function usable(library, candidate) {
	if (compareVersions(candidate.version, library.minimum) < 0) return undefined;
	return library.link(candidate);
}

/** Not by --exists or --libs: Debian's composefs.pc requires a libcrypto.pc that its package does not bring. */
function fromPkgConfig(library) {
	const { module } = library;
	if (foreign || !onPath("pkg-config") || !succeeds("pkg-config", ["--modversion", module])) return undefined;
	const ask = (question) => run("pkg-config", [question, module]).trim();
	const include = ask("--variable=includedir");
	if (!fs.existsSync(path.join(include, library.header))) return undefined;
	const candidate = { include, libdir: ask("--variable=libdir"), version: ask("--modversion") };
	return usable(library, { origin: "system", ...candidate });
}

/** What is there, in this order: the prefix that the environment names, pkg-config, /usr, deps/. */
export function findLibrary(library) {
	const { variable } = library;
	const prefix = process.env[variable];
	if (prefix === undefined)
		return (
			fromPkgConfig(library) ??
			(foreign ? undefined : inPrefix(library, "/usr", "system")) ??
			inPrefix(library, path.join(unpackedFolder(library), "usr"), "deps/")
		);
	const found = inPrefix(library, path.resolve(prefix), variable);
	if (found) return found;
	throw new SetupError(`${variable}=${prefix} holds no ${library.name} >= ${library.minimum}`);
}

/** Finds a library, or brings it under deps/ with the distribution's own tools. */
export function ensureLibrary(library) {
	const found = findLibrary(library);
	if (found) return found;
	const download = onPath("apt-get") && onPath("dpkg-deb") ? downloadDebian : downloadFedora;
	console.error(`${library.name} is not installed: downloading the distribution's package into deps/`);
	try {
		download(library);
	} catch (error) {
		if (!(error instanceof SetupError)) throw error;
		throw new SetupError(`${error.message}\n${advice(library)}`);
	}
	const result = findLibrary(library);
	if (result) return result;
	throw new SetupError(
		`the downloaded package holds no ${library.name} >= ${library.minimum}\n${advice(library)}`,
	);
}

function downloadDebian(library) {
	unpackPackages(library.packages.debian, {
		architecture: debianArchitectures[arch] ?? arch,
		destination: unpackedFolder(library),
		minimum: library.minimum,
		suite: library.suite,
	});
}

function downloadFedora(library) {
	for (const tool of ["dnf", "rpm2cpio", "cpio"])
		if (!onPath(tool)) throw new SetupError(`neither apt-get and dpkg-deb nor ${tool} is installed`);
	fs.mkdirSync(path.join(root, "deps"), { recursive: true });
	const work = fs.mkdtempSync(path.join(root, "deps", ".dnf-"));
	try {
		const packages = path.join(work, "packages");
		const privately = [`--setopt=cachedir=${work}/cache`, `--setopt=logdir=${work}/log`];
		const download = ["download", `--destdir=${packages}`, ...library.packages.fedora];
		run("dnf", ["-q", "-y", ...privately, ...download]);
		const tree = path.join(work, "tree");
		fs.mkdirSync(tree);
		for (const file of fs.readdirSync(packages))
			run("sh", ["-c", 'rpm2cpio "$1" | cpio -idm --quiet', "sh", path.join(packages, file)], { cwd: tree });
		fs.rmSync(unpackedFolder(library), { recursive: true, force: true });
		fs.renameSync(tree, unpackedFolder(library));
	} finally {
		fs.rmSync(work, { recursive: true, force: true });
	}
}

function advice({ name, minimum, header, variable, packages, suite }) {
	const { ID = "", ID_LIKE = "" } = osRelease();
	const family = `${ID} ${ID_LIKE}`;
	let command = `(the package with ${header})`;
	if (/debian|ubuntu/.test(family))
		command = `apt-get install ${packages.debian[0]}${suite ? `   (Debian: from ${suite})` : ""}`;
	else if (/fedora|rhel|centos/.test(family)) command = `dnf install ${packages.fedora[0]}`;
	else if (/alpine/.test(family)) command = `apk add ${packages.alpine}`;
	return `${name} >= ${minimum} with its headers is needed. Install it:
    ${command}
or name an unpacked copy:
    ${variable}=/path/to/usr`;
}

/**
 * The command line of a library's script: `ensure` downloads what is missing; `include` and `libs`, for binding.gyp and
 * CMakeLists.txt, print one word a line; further commands are functions of what was found.
 */
export async function answer(library, commands = {}) {
	await main(() => {
		const command = process.argv[2];
		const found = command === "ensure" ? ensureLibrary(library) : findLibrary(library);
		if (!found) throw new SetupError(advice(library));
		if (command === "include") console.log(found.include);
		else if (command === "libs") console.log(found.libs.join("\n"));
		else if (Object.hasOwn(commands, command)) console.log(commands[command](found));
		else console.log(`${library.name} ${found.version}, ${found.link}, from ${found.origin}`);
	});
}

/** A shared library, linked where it is. */
export function linkShared(candidate, name) {
	if (!fs.existsSync(path.join(candidate.libdir, `lib${name}.so`))) return undefined;
	const rpath = candidate.origin === "system" ? [] : [`-Wl,-rpath,${candidate.libdir}`];
	return { ...candidate, link: "shared", libs: [`-L${candidate.libdir}`, ...rpath, `-l${name}`] };
}
