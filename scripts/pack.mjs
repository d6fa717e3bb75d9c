// Builds, checks and packs what is published, with one command:
//
//   npm run pack [-- --arch=x64,arm64] [-- --runtimes]
//
// By default with the binaries of all architectures that this machine has compilers for. The tarball is
// build/package/composefs-VERSION.tgz; nothing is published. With --runtimes it is tried in other releases of node, Bun
// and Deno too (scripts/test-runtimes.mjs).
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { install, pack } from "./install-package.mjs";
import { ARCHITECTURES, canBuild, prebuild, prebuildPath } from "./prebuild.mjs";
import { main, root, run, SetupError } from "./report.mjs";

/** Bytes of the tarball, and of the tar in it, with both architectures. */
const BUDGET = { packed: 2_350_000, unpacked: 8_250_000 };

const folder = path.join(root, "build/package");
const argument = (name) =>
	process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3) ?? undefined;

function step(name, body) {
	process.stdout.write(`${name} … `);
	console.log(body() ?? "done");
}

const node = (...args) => run(process.execPath, args, { cwd: root });

function binaries() {
	const named = argument("arch")?.split(",") ?? ARCHITECTURES.filter(canBuild);
	fs.rmSync(path.join(root, "prebuilds"), { recursive: true, force: true });
	for (const arch of named)
		step(`binary for ${arch}`, () => {
			const { size, floor } = prebuild(arch);
			return `${size} bytes, glibc >= ${floor}`;
		});
	const left = ARCHITECTURES.filter((arch) => !named.includes(arch));
	if (left.length > 0) console.log(`NOT for ${left.join(", ")}: no compiler, or not asked for`);
}

/** Two tarballs are equal to the last byte, and within the budget. */
function tarballs() {
	fs.rmSync(folder, { recursive: true, force: true });
	const [tarball, again] = [folder, path.join(folder, "again")].map((place) => pack(root, place));
	const [bytes, others] = [tarball, again].map((file) => fs.readFileSync(file));
	if (!bytes.equals(others)) throw new SetupError("npm pack gives other bytes the second time");
	fs.rmSync(path.dirname(again), { recursive: true });
	const unpacked = gunzipSync(bytes).length;
	if (bytes.length > BUDGET.packed || unpacked > BUDGET.unpacked)
		throw new SetupError(`the package has ${bytes.length} bytes, ${unpacked} unpacked: more than it may`);
	const digest = createHash("sha256").update(bytes).digest("hex");
	return { tarball, text: `${bytes.length} bytes, ${unpacked} unpacked, twice the same: sha256 ${digest}` };
}

/** What the package has to have, and what it may not. */
function contents(tarball) {
	const files = run("tar", ["-tzf", tarball])
		.split("\n")
		.map((name) => name.replace(/^package\//, ""));
	const { man, exports } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"));
	const wanted = [
		...Object.values(exports).flatMap((entry) => (typeof entry === "string" ? entry : Object.values(entry))),
		...[man ?? []].flat(),
		...["LICENSE", "NOTICE", "README.md", "CHANGELOG.md", "binding.gyp", "scripts/build-addon.mjs"],
		...ARCHITECTURES.filter((arch) => fs.existsSync(prebuildPath(arch))).map((arch) =>
			path.relative(root, prebuildPath(arch)),
		),
		...["libcomposefs-dev", "libzstd-dev", "LGPL-2.1"].map((name) => `prebuilds/licenses/${name}.txt`),
	];
	const missing = wanted.filter((name) => !files.includes(name.replace(/^\.\//, "")));
	if (missing.length > 0) throw new SetupError(`the package lacks ${missing.join(", ")}`);
	const foreign = files.filter((name) => /^(test|deps|build|bench|node_modules)\//.test(name));
	if (foreign.length > 0) throw new SetupError(`the package has ${foreign.slice(0, 5).join(", ")} in it`);
	return `${files.length - 1} files`;
}

/** Brings the runtimes while compilers are at work. What it does not bring, trying them does, or says why not. */
function bringRuntimes() {
	const child = spawn(process.execPath, ["scripts/test-runtimes.mjs", "--fetch"], {
		cwd: root,
		stdio: "ignore",
	});
	return once(child, "close").catch(() => undefined);
}

await main(async () => {
	const brought = process.argv.includes("--runtimes") ? bringRuntimes() : undefined;
	step("set-up", () => void node("scripts/setup.mjs"));
	binaries();
	step("man pages", () => node("scripts/man.mjs").trim());
	const { tarball, text } = tarballs();
	console.log(`${path.relative(root, tarball)}: ${text}`);
	step("contents", () => contents(tarball));
	step("publint", () => void node("node_modules/publint/src/cli.js", tarball, "--strict"));
	// ESM only, and meant to be: require() of it works on every release of node that is asked for.
	const profile = ["--profile", "esm-only", "--no-emoji", "--format", "ascii"];
	step(
		"are the types wrong",
		() => void node("node_modules/@arethetypeswrong/cli/dist/index.js", tarball, ...profile),
	);
	step("install", () => void install(tarball, path.join(folder, "user")));
	step("use", () => node("scripts/use-package.mjs", path.join(folder, "user")).trim());
	if (brought !== undefined) {
		await brought;
		step("runtimes", () => `\n${node("scripts/test-runtimes.mjs", path.join(folder, "user"))}`);
	}
	console.log(`packed: ${tarball}`);
});
