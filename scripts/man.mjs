// Writes the manual pages of the package, man/*.1, and checks that package.json names them all.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { main, root, SetupError } from "./report.mjs";

const program = path.join(root, "lib/cli/main.js");

/** The page of one command, or of all. */
function page(...command) {
	const result = spawnSync(process.execPath, [program, "manual", ...command], { encoding: "utf8" });
	if (result.status !== 0) throw new SetupError(`composefs manual ${command} failed: ${result.stderr}`);
	return result.stdout;
}

await main(() => {
	const folder = path.join(root, "man");
	fs.rmSync(folder, { recursive: true, force: true });
	fs.mkdirSync(folder);
	const whole = page();
	fs.writeFileSync(path.join(folder, "composefs.1"), whole);
	const commands = Array.from(whole.matchAll(/^\.BR composefs\\-(\S+) \(1\)/gm), ([, name]) =>
		name.replaceAll("\\-", "-"),
	);
	for (const name of commands) fs.writeFileSync(path.join(folder, `composefs-${name}.1`), page(name));
	const { man } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"));
	const pages = fs.readdirSync(folder).map((name) => `man/${name}`);
	const difference = pages
		.filter((name) => !man.includes(name))
		.concat(man.filter((name) => !pages.includes(name)));
	if (difference.length > 0)
		throw new SetupError(
			`package.json's "man" is to be ${JSON.stringify(pages.sort())}: ${difference} differ`,
		);
	console.log(`${pages.length} pages`);
});
