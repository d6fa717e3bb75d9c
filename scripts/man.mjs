// Writes the manual pages of the package, man/*.1, and checks that package.json names them all.
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { main, root, SetupError } from "./report.mjs";

const program = path.join(root, "lib/cli/main.js");

/** The page of one command, or of all. */
async function page(...command) {
	try {
		const { stdout } = await promisify(execFile)(process.execPath, [program, "manual", ...command]);
		return stdout;
	} catch (error) {
		throw new SetupError(`composefs manual ${command} failed: ${error.stderr || error.message}`);
	}
}

await main(async () => {
	const folder = path.join(root, "man");
	fs.rmSync(folder, { recursive: true, force: true });
	fs.mkdirSync(folder);
	const whole = await page();
	fs.writeFileSync(path.join(folder, "composefs.1"), whole);
	const commands = Array.from(whole.matchAll(/^\.BR composefs\\-(\S+) \(1\)/gm), ([, name]) =>
		name.replaceAll("\\-", "-"),
	);
	await Promise.all(
		commands.map(async (name) =>
			fs.writeFileSync(path.join(folder, `composefs-${name}.1`), await page(name)),
		),
	);
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
