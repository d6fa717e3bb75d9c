// Makes a release, with one command:
//
//   npm run release -- VERSION [--quick]     versions, changelog, everything checked and packed, a commit and a tag
//   node scripts/release.mjs --check vVERSION    only whether a tag, package.json, its lock and CHANGELOG.md agree
//
// Nothing is pushed or published: that is what a pushed tag does (.github/workflows/release.yml). With --quick, what
// .ci/run checks is left to that. Where a check fails, the checkout is as it was.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { releaseChangelog, sectionOf } from "./changelog.mjs";
import { compareVersions, main, root, run, SetupError } from "./report.mjs";

const FILES = ["package.json", "package-lock.json", "CHANGELOG.md"];
const at = (name) => path.join(root, name);
const git = (...args) => run("git", args, { cwd: root }).trim();
const json = (name) => JSON.parse(fs.readFileSync(at(name), "utf8"));

function check(tag) {
	const version = tag.replace(/^v/, "");
	const lock = json("package-lock.json");
	const found = [json("package.json").version, lock.version, lock.packages[""].version];
	if (found.some((other) => other !== version))
		throw new SetupError(`${tag} is not what package.json and its lock say: ${found.join(", ")}`);
	if (!sectionOf(fs.readFileSync(at("CHANGELOG.md"), "utf8"), `## ${version} `))
		throw new SetupError(`CHANGELOG.md says nothing of ${version}`);
	return version;
}

function checkStart(version) {
	if (!/^\d+\.\d+\.\d+$/.test(version ?? ""))
		throw new SetupError("usage: npm run release -- VERSION [--quick]");
	const current = json("package.json").version;
	const hasTag = git("tag", "--list", `v${current}`) !== "";
	const order = compareVersions(version, current);
	if (order < 0 || (order === 0 && hasTag)) throw new SetupError(`${version} does not come after ${current}`);
	const changed = git("status", "--porcelain");
	if (changed !== "") throw new SetupError(`there are changes that are not committed:\n${changed}`);
}

/** The version into the three files that have it. */
function setVersion(version) {
	const date = new Date().toISOString().slice(0, 10);
	const changelog = fs.readFileSync(at("CHANGELOG.md"), "utf8");
	run("npm", ["version", version, "--no-git-tag-version", "--allow-same-version"], { cwd: root });
	fs.writeFileSync(at("CHANGELOG.md"), releaseChangelog(changelog, version, date));
}

/** What takes long says meanwhile what it does. */
function aloud(program, args) {
	const { status } = spawnSync(program, args, { cwd: root, stdio: "inherit" });
	if (status !== 0) throw new SetupError(`${[program, ...args].join(" ")} failed: nothing was released`);
}

await main(() => {
	const [first, second] = process.argv.slice(2);
	if (first === "--check") {
		console.log(`${check(second ?? "")}: versions and changelog agree`);
		return;
	}
	checkStart(first);
	try {
		setVersion(first);
		check(first);
		if (second !== "--quick") aloud("bash", [".ci/run"]);
		aloud(process.execPath, ["scripts/pack.mjs", "--arch=x64,arm64"]);
	} catch (error) {
		git("checkout", "--", ...FILES);
		throw error;
	}
	git("commit", "-qm", `release ${first}`, "--", ...FILES);
	git("tag", "-a", `v${first}`, "-m", `composefs ${first}`);
	console.log(
		`build/package/composefs-${first}.tgz is version ${first}. To publish it: git push --follow-tags`,
	);
});
