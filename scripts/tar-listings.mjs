// Archives as three readers list them: this package, GNU tar and bsdtar, in one form.
//
// An entry is { type, mode, owner, size, mtime, name, link }, all text, and mtimeNs where the listing shows nanoseconds. In
// names and link targets each character is a byte. Devices have "MAJOR,MINOR" for a size, as both tools print them.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { nameToBytes } from "../lib/names.js";
import { readTar } from "../lib/tar/index.js";

export const FIELDS = ["type", "mode", "owner", "size", "mtime", "name", "link"];

const NS = 1_000_000_000n;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const TYPES = {
	"-": "file",
	d: "directory",
	l: "symlink",
	h: "hardlink",
	c: "character-device",
	b: "block-device",
	p: "fifo",
};

/** Ends with the reader's error, if it refuses the archive. */
export async function ourListing(archive) {
	const entries = [];
	for await (const entry of readTar(fs.createReadStream(archive))) {
		const { type, mode, uid, gid, size, mtimeNs, rdev, name, linkName } = entry;
		entries.push({
			type,
			mode: octal(mode),
			owner: `${uid}/${gid}`,
			size: type.endsWith("-device") ? `${rdev.major},${rdev.minor}` : `${size}`,
			mtimeNs,
			mtime: formatTime(mtimeNs),
			name: bytesOf(name),
			link: bytesOf(linkName),
		});
	}
	return entries;
}

/** `tar -tv` with names as C strings, which end where they end. */
export function gnuListing(tar, archive) {
	const options = ["--full-time", "--numeric-owner", "--quoting-style=c"];
	const { lines } = list(tar, ["-tvf", archive, ...options], "C");
	const string = String.raw`"((?:[^"\\]|\\.)*)"`;
	const time = String.raw`(\d+-\d\d-\d\d) (\d\d:\d\d:\d\d)\.?(\d*)`;
	const pattern = new RegExp(
		String.raw`^(\S{10}) (\d+/\d+) +(\S+) ${time} +${string}(?: (?:->|link to) ${string})?$`,
	);
	return lines.map((line) => {
		const [, letters, owner, size, date, clock, decimals, name, link = ""] = matched(pattern, line, "tar");
		const mtimeNs = BigInt(Date.parse(`${date}T${clock}Z`)) * 1_000_000n + BigInt(decimals.padEnd(9, "0"));
		return {
			...typeAndMode(letters),
			owner,
			size,
			mtimeNs,
			mtime: formatTime(mtimeNs),
			name: unquote(name),
			link: unquote(link),
		};
	});
}

/**
 * `bsdtar -tv`; `bsdtar -t` says where in its lines names end, and an mtree of the archive has nanoseconds, where -tv has
 * minutes or days. An mtree stops at the first name in a pax header that is no UTF-8, and has a name only once.
 */
export function bsdListing(bsdtar, archive) {
	const { lines } = list(bsdtar, ["-tvf", archive, "--numeric-owner"], "C.UTF-8");
	const names = list(bsdtar, ["-tf", archive], "C.UTF-8").lines;
	const times = mtreeTimes(bsdtar, archive);
	const seen = new Set();
	for (const name of names.map(unquote).map(plainName)) {
		if (seen.has(name)) times.delete(name);
		seen.add(name);
	}
	const pattern = /^(\S{10}) +\d+ (\d+) +(\d+) +(\S+) (\w{3}) ([ \d]\d) ([ \d:]{5}) (.*)$/;
	return lines.map((line, at) => {
		const [, letters, uid, gid, size, month, day, last, rest] = matched(pattern, line, "bsdtar");
		const link = rest.slice(names[at].length).replace(/^ (?:->|link to) /, "");
		const name = unquote(names[at]);
		const mtimeNs = times.get(plainName(name));
		const date = `${`${MONTHS.indexOf(month) + 1}`.padStart(2, "0")}-${day.trim().padStart(2, "0")}`;
		const coarse = last.includes(":") ? `${date} ${last}` : `${last.trim()}-${date}`;
		return {
			...typeAndMode(letters),
			owner: `${uid}/${gid}`,
			size,
			mtimeNs,
			mtime: mtimeNs === undefined ? coarse : formatTime(mtimeNs),
			name,
			link: unquote(link),
		};
	});
}

/** By name: an mtree has an order of its own. Times are seconds and nanoseconds beyond them. */
function mtreeTimes(bsdtar, archive) {
	const { lines } = list(
		bsdtar,
		["-cf", "-", "--format=mtree", "--options=!all,time", `@${archive}`],
		"C.UTF-8",
	);
	const times = new Map();
	for (const line of lines) {
		const [, name, seconds, nanoseconds] = /^(\S+) time=(-?\d+)\.(\d+)$/.exec(line) ?? [];
		if (name === undefined) continue;
		times.set(plainName(unquote(name)), BigInt(seconds) * NS + BigInt(nanoseconds));
	}
	return times;
}

/** Our time as the other listing shows it: nanoseconds, or "MM-DD HH:MM", or a day. */
export function timeLike(ours, theirs) {
	if (theirs.mtimeNs !== undefined) return ours.mtime;
	return theirs.mtime.includes(":") ? ours.mtime.slice(5, 16) : ours.mtime.slice(0, 10);
}

function list(program, args, locale) {
	const { stdout, error } = spawnSync(program, args, {
		encoding: "latin1",
		maxBuffer: 2 ** 28,
		env: { ...process.env, LC_ALL: locale, TZ: "UTC" },
	});
	if (error) throw error;
	return { lines: stdout.split("\n").slice(0, -1) };
}

function matched(pattern, line, tool) {
	const match = pattern.exec(line);
	if (match === null) throw new Error(`a line of ${tool}'s listing is of no known form: ${line}`);
	return match;
}

/** "drwxr-sr-t" */
function typeAndMode(letters) {
	let mode = 0;
	for (let at = 1; at < 10; at++) {
		const letter = letters[at];
		if ("rwxst".includes(letter)) mode |= 1 << (9 - at);
		if ("sStT".includes(letter)) mode |= 0o1000 << (2 - (at / 3 - 1));
	}
	return { type: TYPES[letters[0]] ?? letters[0], mode: octal(mode) };
}

function octal(mode) {
	return mode.toString(8).padStart(4, "0");
}

const ESCAPES = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

function unquote(text) {
	return text.replaceAll(/\\([0-7]{3}|.)/g, (_, code) =>
		code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : (ESCAPES[code] ?? code),
	);
}

function bytesOf(name) {
	return Buffer.from(nameToBytes(name)).toString("latin1");
}

/** An mtree has "./NAME" for each, and "/." for the root. */
function plainName(name) {
	return name.replace(/^\.?\//, "").replace(/\/$/, "") || ".";
}

function formatTime(ns) {
	const fraction = ((ns % NS) + NS) % NS;
	const date = new Date(Number((ns - fraction) / 1_000_000n)).toISOString();
	return `${date.slice(0, 19).replace("T", " ")}.${`${fraction}`.padStart(9, "0")}`;
}
