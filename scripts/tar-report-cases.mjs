// Files that are hard to archive, and the archives that GNU tar and bsdtar make of them in every format they have.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { run } from "./report.mjs";

export const WRITERS = [
	["tar", "v7", ["--format=v7"]],
	["tar", "oldgnu", ["--format=oldgnu", "-S"]],
	["tar", "gnu", ["--format=gnu", "-S"]],
	["tar", "ustar", ["--format=ustar"]],
	["tar", "posix", ["--format=posix", "-S"]],
	["tar", "posix sparse 0.1", ["--format=posix", "-S", "--sparse-version=0.1"]],
	["tar", "posix sparse 0.0", ["--format=posix", "-S", "--sparse-version=0.0"]],
	["bsdtar", "v7tar", ["--format=v7tar"]],
	["bsdtar", "ustar", ["--format=ustar"]],
	["bsdtar", "gnutar", ["--format=gnutar"]],
	["bsdtar", "pax", ["--format=pax"]],
	["bsdtar", "paxr", ["--format=paxr"]], // pax headers only where they are needed
];

/** Writes an archive of the names, but for what the format cannot hold, which the writer leaves out and complains of. */
export function writeArchive({ tool, program, options, folder, names, archive }) {
	const list = `${archive}.names`;
	fs.writeFileSync(list, Buffer.from(names.map((name) => `${name}\0`).join(""), "latin1"));
	const from = tool === "tar" ? ["--no-recursion", "--null", "-T", list] : ["-n", "--null", "-T", list];
	const { status } = spawnSync(program, [...options, "-C", folder, "-cf", archive, ...from], {
		stdio: "ignore",
		env: { ...process.env, LC_ALL: "C.UTF-8", TZ: "UTC" },
	});
	if (status === null) throw new Error(`${program} did not run to its end`);
}

const DEEP = ["d", "e", "f"].map((letter) => letter.repeat(90)).join("/");
const TIMES = {
	"time-1960": "1960-01-01 00:00:00",
	"time-1960-fraction": "1960-01-01 00:00:00.25",
	"time-1969-end": "1969-12-31 23:59:59.999999999",
	"time-0": "1970-01-01 00:00:00",
	"time-fraction": "2023-11-14 22:13:20.123456789",
	"time-2300": "2300-01-01 00:00:00.5",
};

/** Makes the files; returns their names, each character a byte, in the order in which they are to be archived. */
export function makeCases(folder) {
	const names = ["."];
	const place = (name) => Buffer.from(`${folder}/${name}`, "latin1");
	const add = (name) => {
		names.push(name);
		return place(name);
	};
	const file = (name, content = name, mode = 0o644) => {
		fs.writeFileSync(add(name), content);
		fs.chmodSync(place(name), mode);
	};

	for (const name of ["empty", "sticky", DEEP.slice(0, 90), DEEP.slice(0, 181), DEEP])
		fs.mkdirSync(add(name));
	fs.chmodSync(place("sticky"), 0o1777);
	file("nothing", "");
	file("set-id", "x", 0o7751);
	for (const length of [99, 100, 101, 155, 255]) file("n".repeat(length));
	file(`${DEEP}/${"g".repeat(255)}`);
	for (const name of ["a -> b", "a link to b", "# =x", ' "quoted" ', "new\nline\ttab\\back\\101\x07\x7f"])
		file(name);
	for (const length of [99, 100, 101, 300]) fs.symlinkSync("t".repeat(length), add(`target-${length}`));
	fs.symlinkSync("c -> d", add("e -> f"));
	fs.linkSync(place("a -> b"), add("hard link to"));
	fs.linkSync(place(`${DEEP}/${"g".repeat(255)}`), add("hard-link-of-long-name"));
	run("mkfifo", [add("fifo").toString()]);
	file("sparse", "data");
	fs.truncateSync(place("sparse"), 3_000_000);
	fs.writeFileSync(add("sparse-end"), "");
	writeAt(place("sparse-end"), "data", 1_000_000);
	for (const name of Object.keys(TIMES)) file(name);
	if (process.getuid() === 0) addForRoot(add, file, place);
	// Last, since bsdtar's mtree stops at names in pax headers that are no UTF-8.
	file("caf\xc3\xa9");
	fs.symlinkSync(Buffer.from("t\xe9", "latin1"), add("target-latin1"));
	file("caf\xe9\xff");
	setTimes(folder, names);
	return names;
}

function addForRoot(add, file, place) {
	run("mknod", ["-m", "640", add("character-device").toString(), "c", "5", "300"]);
	run("mknod", ["-m", "640", add("block-device").toString(), "b", "259", "70000"]);
	for (const [uid, gid] of [
		[2_097_151, 2_097_151],
		[2_097_152, 2_097_152],
		[3_000_000, 4_294_967_294],
	]) {
		file(`owner-${uid}-${gid}`);
		fs.chownSync(place(`owner-${uid}-${gid}`), uid, gid);
	}
}

function writeAt(file, text, position) {
	const handle = fs.openSync(file, "r+");
	fs.writeSync(handle, text, position);
	fs.closeSync(handle);
}

/** Folders after what is in them. Node's times are floating-point numbers, which lose nanoseconds: touch has these. */
function setTimes(folder, names) {
	for (const name of [...names].reverse())
		fs.lutimesSync(Buffer.from(`${folder}/${name}`, "latin1"), 1_600_000_000, 1_600_000_000);
	for (const [name, time] of Object.entries(TIMES)) run("touch", ["-d", `${time} UTC`, `${folder}/${name}`]);
}
