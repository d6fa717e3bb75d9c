// Downloads Debian packages through the machine's own apt, with private lists and caches: nothing of
// the system changes, no root is needed, and the archive's signatures are checked by apt as always.
import fs from "node:fs";
import path from "node:path";
import { compareVersions, osRelease, run, SetupError } from "./report.mjs";

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/**
 * Unpacks packages into `destination`, from the machine's archive: on Debian from one suite of it, elsewhere from the
 * machine's own sources.
 *
 * @param {string[]} packages   names; the first decides whether a source is good enough
 * @param {object} options
 * @param {string} options.architecture   Debian's name of it, such as `amd64`
 * @param {string} options.destination    replaced when everything has been unpacked
 * @param {string} options.minimum        the first package's lowest version
 * @param {string} [options.suite]        of Debian; by default the machine's own
 * @param {boolean} [options.release]     from the sources that the machine has, as they are
 * @param {RegExp} [options.instead]      take that package which the first one depends on, in its place
 * @returns {string} the first package's version
 */
export function unpackPackages(
	packages,
	{ architecture, destination, minimum, suite, release = false, instead },
) {
	fs.mkdirSync(path.dirname(destination), { recursive: true });
	const work = fs.mkdtempSync(path.join(path.dirname(destination), ".apt-"));
	try {
		const problems = [];
		for (const sources of release ? [[]] : candidateSources(work, suite)) {
			const apt = privateApt(work, architecture, sources);
			try {
				const version = download(apt, packages, minimum, instead);
				if (version === undefined) continue;
				unpack(path.join(work, "packages"), path.join(work, "tree"));
				fs.rmSync(destination, { recursive: true, force: true });
				fs.renameSync(path.join(work, "tree"), destination);
				return version;
			} catch (error) {
				if (!(error instanceof SetupError)) throw error;
				problems.push(error.message);
			}
		}
		const none = `this machine's package archive has no ${packages[0]} >= ${minimum}`;
		throw new SetupError([...problems, none].join("\n"));
	} finally {
		fs.rmSync(work, { recursive: true, force: true });
	}
}

/** Options that name the package sources to try, one list after the other. */
function* candidateSources(work, suite) {
	const os = osRelease();
	if (os.ID !== "debian") {
		yield []; // Ubuntu and its kin: the sources as the machine has them
		return;
	}
	for (const uri of debianMirrors(os.VERSION_CODENAME)) {
		const list = path.join(work, "sources.list");
		const trust = fs.existsSync(keyring) ? `[signed-by=${keyring}] ` : "";
		fs.writeFileSync(list, `deb ${trust}${uri} ${suite ?? os.VERSION_CODENAME} main\n`);
		yield ["-o", `Dir::Etc::sourcelist=${list}`, "-o", "Dir::Etc::sourceparts=/dev/null"];
	}
}

/** The mirrors that the machine's apt is set up with: `indextargets` answers even with empty lists. */
export function debianMirrors(codename) {
	const format = "$(REPO_URI) $(RELEASE) $(COMPONENT)";
	const targets = run("apt-get", [
		"indextargets",
		"--no-release-info",
		"--format",
		format,
		"Created-By: Packages",
	]);
	const releases = [codename, "stable", "oldstable", "testing", "unstable", "sid"];
	const main = targets
		.split("\n")
		.map((line) => line.split(" "))
		.filter(([, release, component]) => component === "main" && releases.includes(release));
	if (main.length === 0) throw new SetupError("apt knows no Debian archive on this machine");
	return [...new Set(main.map(([uri]) => uri))];
}

/** A function that runs apt-get or apt-cache with private state. */
function privateApt(work, architecture, sources) {
	for (const folder of ["lists/partial", "archives/partial", "packages"])
		fs.mkdirSync(path.join(work, folder), { recursive: true });
	const configuration = path.join(work, "apt.conf");
	// Read after the system's own configuration, whose proxies and credentials therefore still apply.
	fs.writeFileSync(
		configuration,
		`#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
#clear APT::Architectures;
APT::Default-Release "";
APT::Architecture "${architecture}";
APT::Architectures { "${architecture}"; };
APT::Sandbox::User "root";
Dir::State::lists "${work}/lists";
Dir::Cache "${work}";
Dir::Cache::archives "${work}/archives";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Acquire::Languages "none";
Acquire::Retries "3";
`,
	);
	const cwd = path.join(work, "packages");
	return (program, args) => run(program, ["-q", "-c", configuration, ...sources, ...args], { cwd });
}

function download(apt, packages, minimum, instead) {
	apt("apt-get", ["update"]);
	const version = apt("apt-cache", ["madison", packages[0]])
		.split("\n")
		.map((line) => line.split("|")[1]?.trim())
		.find((found) => found && compareVersions(found.replace(/^\d+:/, ""), minimum) >= 0);
	if (version === undefined) return undefined;
	const first = instead ? dependency(apt, packages[0], instead) : `${packages[0]}=${version}`;
	apt("apt-get", ["download", first, ...packages.slice(1)]);
	return version;
}

function dependency(apt, name, pattern) {
	const lines = apt("apt-cache", ["depends", name]).split("\n");
	const found = lines
		.map((line) => / Depends: (\S+)/.exec(line)?.[1])
		.find((other) => pattern.test(other ?? ""));
	if (found === undefined) throw new SetupError(`${name} depends on no package such as ${pattern}`);
	return found;
}

function unpack(folder, tree) {
	for (const file of fs.readdirSync(folder))
		if (file.endsWith(".deb")) run("dpkg-deb", ["-x", path.join(folder, file), tree]);
}
