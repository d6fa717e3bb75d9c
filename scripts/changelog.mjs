// CHANGELOG.md as text: what a release does to it.

const UNRELEASED = "## Unreleased";

/** The text below a heading, up to the next one; undefined, if there is no such heading. */
export function sectionOf(changelog, heading) {
	const sections = changelog.split(/^(?=## )/m);
	const found = sections.find((section) => section.split("\n", 1)[0].startsWith(heading));
	return found?.slice(found.indexOf("\n") + 1).trim();
}

/**
 * What was not released yet becomes a version's, under a new, empty "Unreleased".
 *
 * @param {string} changelog
 * @param {string} version
 * @param {string} date   as 2026-01-31
 * @throws Error if there is nothing to release, or the version is there already
 */
export function releaseChangelog(changelog, version, date) {
	const changes = sectionOf(changelog, UNRELEASED);
	if (!changes) throw new Error("CHANGELOG.md has nothing under Unreleased");
	if (sectionOf(changelog, `## ${version} `) !== undefined)
		throw new Error(`CHANGELOG.md has ${version} already`);
	return changelog.replace(UNRELEASED, `${UNRELEASED}\n\n## ${version} (${date})`);
}
