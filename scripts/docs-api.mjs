// Makes the API reference from the docstrings, as pages in build/api:
//
//   npm run docs:api
//
// TypeDoc and the TypeScript that it understands are in a package of their own, docs/api: whoever uses or tests this
// package does not install them. A warning, such as a type that is not exported or a link to nothing, is a failure.
import fs from "node:fs";
import path from "node:path";
import { main, root, run, SetupError } from "./report.mjs";

const place = path.join(root, "docs/api");
const out = path.join(root, "build/api");

/** By the lock file, once: again when it has changed. */
function install() {
	const stamp = path.join(place, "node_modules/.installed");
	const lock = fs.readFileSync(path.join(place, "package-lock.json"), "utf8");
	if (fs.existsSync(stamp) && fs.readFileSync(stamp, "utf8") === lock) return;
	run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: place });
	fs.writeFileSync(stamp, lock);
}

/** What users import, as sources. */
function entryPoints() {
	const { exports } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"));
	const compiled = Object.values(exports).flatMap((entry) =>
		typeof entry === "string" ? [] : entry.default,
	);
	return compiled.map((file) => path.join(root, file.replace(/^\.\/lib\/(.*)\.js$/, "src/$1.ts")));
}

await main(() => {
	if (!fs.existsSync(path.join(root, "node_modules/@types/node")))
		throw new SetupError("the package's own dependencies are missing: node scripts/setup.mjs");
	install();
	fs.rmSync(out, { recursive: true, force: true });
	run(process.execPath, ["node_modules/typedoc/bin/typedoc", "--options", "typedoc.json", ...entryPoints()], {
		cwd: place,
	});
	const pages = fs
		.readdirSync(out, { recursive: true, encoding: "utf8" })
		.filter((name) => name.endsWith(".html"));
	console.log(`${path.relative(root, out)}: ${pages.length} pages`);
});
