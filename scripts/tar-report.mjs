// Compares what this package reads of archives with what GNU tar and bsdtar list of them, entry by entry:
//
//   node scripts/tar-report.mjs           archives that these two write of hard cases, in every format they have
//   node scripts/tar-report.mjs FILE…     archives, whoever wrote them
//
// It prints a table, then each difference in words, and ends with 1 if there is one that KNOWN does not explain.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { main, SetupError } from "./report.mjs";
import { bsdListing, FIELDS, gnuListing, ourListing, timeLike } from "./tar-listings.mjs";
import { makeCases, WRITERS, writeArchive } from "./tar-report-cases.mjs";

const NS = 1_000_000_000n;
const tar = process.env.TAR ?? "tar";
const bsdtar = process.env.BSDTAR ?? "bsdtar";
const NAMES = { tar: "GNU tar", bsdtar: "bsdtar" };

/** Where the tools are wrong. A time of -S.F seconds in a pax header is a decimal number (POSIX), and before -S. */
const KNOWN = [
	{ reader: "tar", why: "GNU tar prints a time of -S.F as F after -S; it extracts the right one" },
	{ reader: "bsdtar", why: "bsdtar takes a time of -S.F for F after -S; it writes and extracts it so" },
];

function explain(reader, field, ours, theirs) {
	if (field !== "mtime" || ours.mtimeNs >= 0n) return undefined;
	// BigInt cuts towards zero: S is what is left of the point.
	const misread = ours.mtimeNs - 2n * (ours.mtimeNs % NS);
	return misread === theirs.mtimeNs ? KNOWN.find((known) => known.reader === reader) : undefined;
}

/** One archive against one listing: how many entries are equal, and the differences of the others. */
function compare(reader, ours, theirs) {
	const result = { reader, entries: theirs.length, equal: 0, known: 0, different: 0, findings: [] };
	for (let at = 0; at < Math.max(ours.length, theirs.length); at++) {
		const findings = compareEntry(reader, ours[at], theirs[at]);
		if (findings.length === 0) result.equal++;
		else if (findings.every(({ known }) => known !== undefined)) result.known++;
		else result.different++;
		result.findings.push(...findings);
	}
	return result;
}

function compareEntry(reader, ours, theirs) {
	const tool = NAMES[reader];
	if (ours === undefined) return [{ text: `${quote(theirs.name)} is listed by ${tool} only` }];
	if (theirs === undefined) return [{ text: `${quote(ours.name)} is not listed by ${tool}` }];
	return FIELDS.flatMap((field) => {
		const value = field === "mtime" ? timeLike(ours, theirs) : ours[field];
		if (value === theirs[field]) return [];
		const text = `${quote(ours.name)}: ${field} is ${quote(value)} to us, ${quote(theirs[field])} to ${tool}`;
		return [{ text, known: explain(reader, field, ours, theirs) }];
	});
}

/** Long names in part, bytes beyond ASCII by their numbers. */
function quote(text) {
	const short = text.length > 60 ? `${text.slice(0, 29)}...${text.slice(-29)}` : text;
	return JSON.stringify(short).replaceAll(/[^ -~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`);
}

async function compareArchive({ writer, format, names, archive }) {
	let ours = [];
	let refusal;
	try {
		ours = await ourListing(archive);
	} catch (error) {
		if (error.code !== "ERR_COMPOSEFS_TAR") throw error;
		refusal = { text: `we refuse the archive: ${error.message}` };
	}
	return [
		["tar", gnuListing(tar, archive)],
		["bsdtar", bsdListing(bsdtar, archive)],
	].map(([reader, theirs]) => {
		const result = compare(reader, ours, theirs);
		if (refusal) result.findings = [refusal];
		const leftOut = names === undefined ? "" : names.length - theirs.length;
		const coarse = theirs.filter(({ mtimeNs }) => mtimeNs === undefined).length;
		return { writer, format, leftOut, coarse, ...result };
	});
}

function* writtenArchives(folder) {
	const files = path.join(folder, "files");
	fs.mkdirSync(files);
	const names = makeCases(files);
	for (const [at, [tool, format, options]] of WRITERS.entries()) {
		const archive = path.join(folder, `${at}.tar`);
		const program = tool === "tar" ? tar : bsdtar;
		writeArchive({ tool, program, options, folder: files, names, archive });
		yield { writer: NAMES[tool], format, names, archive };
	}
}

const COLUMNS = {
	writer: "writer",
	format: "format",
	entries: "entries",
	leftOut: "left out",
	reader: "compared with",
	equal: "equal",
	known: "explained",
	different: "different",
	coarse: "times by the day",
};

function tableOf(rows) {
	const keys = Object.keys(COLUMNS);
	const lines = [
		Object.values(COLUMNS),
		...rows.map((row) => keys.map((key) => `${key === "reader" ? NAMES[row.reader] : row[key]}`)),
	];
	const widths = keys.map((_, column) => Math.max(...lines.map((cells) => cells[column].length)));
	const isText = keys.map((key) => ["writer", "format", "reader"].includes(key));
	const pad = (cell, column) =>
		isText[column] ? cell.padEnd(widths[column]) : cell.padStart(widths[column]);
	return lines.map((cells) => cells.map(pad).join("  ").trimEnd());
}

function differencesOf(rows) {
	return rows.flatMap(({ writer, format, findings }) =>
		findings.map(({ text, known }) => {
			const note = known === undefined ? "" : ` [${KNOWN.indexOf(known) + 1}]`;
			return `${[writer, format].filter(Boolean).join(", ")}: ${text}${note}`;
		}),
	);
}

function notesOf(rows) {
	const isUsed = (known) => rows.some(({ findings }) => findings.some((finding) => finding.known === known));
	const notes = KNOWN.flatMap((known, at) => (isUsed(known) ? [`[${at + 1}] ${known.why}`] : []));
	if (rows.some(({ coarse }) => coarse > 0))
		notes.push("times by the day: what bsdtar's mtree lacks, such as names in pax headers that are no UTF-8");
	return notes;
}

function sumOf(rows) {
	const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
	return [`${sum("equal")} entries are equal, ${sum("known")} explained, ${sum("different")} different`];
}

function versionOf(program, pattern) {
	const version = spawnSync(program, ["--version"], { encoding: "utf8" }).stdout?.split("\n")[0] ?? "";
	if (!pattern.test(version))
		throw new SetupError(`GNU tar and bsdtar are needed. Install: apt-get install tar libarchive-tools`);
	return version.trim();
}

await main(async () => {
	const versions = [versionOf(tar, /GNU tar/), versionOf(bsdtar, /bsdtar/)];
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tar-report-"));
	try {
		const given = process.argv.slice(2);
		const archives = given.length
			? given.map((archive) => ({ writer: path.basename(archive), format: "", archive }))
			: writtenArchives(folder);
		const rows = [];
		for (const archive of archives) rows.push(...(await compareArchive(archive)));
		const sections = [versions, tableOf(rows), differencesOf(rows), notesOf(rows), sumOf(rows)];
		console.log(sections.flatMap((lines) => (lines.length > 0 ? [lines.join("\n")] : [])).join("\n\n"));
		if (rows.some(({ findings }) => findings.some(({ known }) => known === undefined))) process.exitCode = 1;
	} finally {
		fs.rmSync(folder, { recursive: true, force: true });
	}
});
