/** What is read of archives, beside GNU tar's and bsdtar's own listings, in the report that shows it. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "@jest/globals";
import { type ChildResult, runNode } from "../support/child.ts";
import { describeIf, findProgram, projectRoot } from "../support/needs.ts";
import { run } from "../support/tar-files.ts";
import { archive, header } from "../support/tar-writer.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const temporary = useTemporaryFolder();

describeIf("tar-report", bothTools(), "GNU tar or bsdtar is not on PATH", () => {
	test("finds no difference that is not explained, in any format", () => {
		const { ended, stdout, stderr } = report();
		expect(stderr).toBe("");
		const rows = rowsOf(stdout);
		expect(rows.map(({ writer, format, reader }) => `${writer}, ${format}: ${reader}`)).toEqual(
			WRITTEN.flatMap((written) => [`${written}: GNU tar`, `${written}: bsdtar`]),
		);
		for (const row of rows) {
			expect(row.entries).toBeGreaterThanOrEqual(20);
			expect(row).toEqual({ ...row, explained: row.entries - row.equal, different: 0 });
			// What the newer formats hold is everything.
			if (/gnu|pax|posix/.test(row.format)) expect(row).toEqual({ ...row, leftOut: 0 });
		}
		expect(stdout).toMatch(/ explained, 0 different\n$/);
		expect(ended).toBe(0);
	});

	test("says where readers disagree: GNU tar takes what follows a symlink that has a size for its content", () => {
		const symlink = header({ name: "link", typeflag: "2", linkName: "target", size: 100 });
		writeFileSync(temporary("a.tar"), archive(symlink, header({ name: "next" })));
		const { ended, stdout } = report(temporary("a.tar"));
		expect(stdout.split("\n").filter((line) => line.startsWith("a.tar:"))).toEqual([
			'a.tar: "link": size is "0" to us, "100" to GNU tar',
			'a.tar: "next" is not listed by GNU tar',
		]);
		expect(ended).toBe(1);
	});

	test("says what is refused", () => {
		writeFileSync(temporary("a.tar"), archive(header({ name: "file", uid: 2 ** 32 })));
		const { ended, stdout } = report(temporary("a.tar"));
		expect(stdout).toMatch(/^a\.tar: we refuse the archive: .*\(rule owner\)$/m);
		expect(ended).toBe(1);
	});
});

const WRITTEN = [
	"GNU tar, v7",
	"GNU tar, oldgnu",
	"GNU tar, gnu",
	"GNU tar, ustar",
	"GNU tar, posix",
	"GNU tar, posix sparse 0.1",
	"GNU tar, posix sparse 0.0",
	"bsdtar, v7tar",
	"bsdtar, ustar",
	"bsdtar, gnutar",
	"bsdtar, pax",
	"bsdtar, paxr",
];

interface Row {
	readonly writer: string;
	readonly format: string;
	readonly entries: number;
	readonly leftOut: number;
	readonly reader: string;
	readonly equal: number;
	readonly explained: number;
	readonly different: number;
}

function report(...archives: string[]): ChildResult {
	return runNode([path.join(projectRoot, "scripts/tar-report.mjs"), ...archives]);
}

function rowsOf(stdout: string): Row[] {
	const pattern = /^(GNU tar|bsdtar) +(\S.*?) +(\d+) +(\d+) {2}(GNU tar|bsdtar) +(\d+) +(\d+) +(\d+) +\d+$/gm;
	return Array.from(
		stdout.matchAll(pattern),
		([, writer = "", format = "", entries, leftOut, reader = "", equal, explained, different]) => ({
			writer,
			format,
			entries: Number(entries),
			leftOut: Number(leftOut),
			reader,
			equal: Number(equal),
			explained: Number(explained),
			different: Number(different),
		}),
	);
}

function bothTools(): true | undefined {
	const tar = findProgram("tar");
	const isGnu = tar !== undefined && /GNU tar/.test(run(tar, ["--version"]));
	return isGnu && findProgram("bsdtar") !== undefined ? true : undefined;
}
