// Makes the package's tarball, and installs it as a user does: with npm, into a folder of its own.
import fs from "node:fs";
import path from "node:path";
import { prebuildPath } from "./prebuild.mjs";
import { root, run } from "./report.mjs";

const npm = (args, cwd) => run("npm", [...args, "--no-audit", "--no-fund", "--loglevel=error"], { cwd });

/** Packs a package's folder; returns the tarball's path. */
export function pack(folder, destination) {
	fs.mkdirSync(destination, { recursive: true });
	const args = ["pack", folder, "--json", "--ignore-scripts", `--pack-destination=${destination}`];
	const [{ filename }] = JSON.parse(npm(args, destination));
	return path.join(destination, filename);
}

/**
 * Installs a tarball of this package below `folder`/node_modules. What it depends on comes from the checkout's
 * node_modules, so that no registry is asked.
 *
 * @param {string} tarball
 * @param {string} folder     made anew
 * @returns {string} the installed package's folder
 */
export function install(tarball, folder) {
	fs.rmSync(folder, { recursive: true, force: true });
	fs.mkdirSync(folder, { recursive: true });
	fs.writeFileSync(path.join(folder, "package.json"), '{ "name": "user", "private": true }\n');
	const { dependencies } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"));
	const brought = Object.keys(dependencies).map((name) =>
		pack(path.join(root, "node_modules", name), path.join(folder, "tarballs")),
	);
	npm(["install", "--offline", "--omit=dev", ...brought, tarball], folder);
	return path.join(folder, "node_modules/composefs");
}

/** Gives an installed package this checkout's own addon: its tarball may have none, or an older one. */
export function lendAddon(installed) {
	const place = path.join(installed, path.relative(root, prebuildPath(process.arch)));
	fs.mkdirSync(path.dirname(place), { recursive: true });
	fs.copyFileSync(path.join(root, "build/Release/composefs.node"), place);
}
