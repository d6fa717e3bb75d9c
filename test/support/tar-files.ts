/** Files to make archives of, and to compare these with. */
import { spawnSync } from "node:child_process";
import {
	chmodSync,
	linkSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { expect } from "@jest/globals";
import { bytesToName, nameToBytes } from "../../src/names.ts";
import type { ReadEntry } from "./read-archive.ts";

/** Runs a program to its end; its output's characters are bytes. */
export function run(program: string, args: readonly string[], env: Record<string, string> = {}): string {
	const { status, stdout, stderr } = spawnSync(program, args, {
		encoding: "latin1",
		maxBuffer: 2 ** 26,
		env: { ...process.env, LC_ALL: "C", TZ: "UTC", ...env },
	});
	if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
	return stdout;
}

/** Files that every format can hold; `rich`: also some that only the newer ones can. */
export function makeFiles(root: string, rich: boolean): void {
	const inRoot = (name: string | Buffer) => Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name)]);
	mkdirSync(inRoot("dir/empty"), { recursive: true });
	writeFileSync(inRoot("dir/small"), "hello\n", { mode: 0o640 });
	writeFileSync(inRoot("dir/nothing"), "");
	for (const size of [1, 511, 512, 513, 10_240])
		writeFileSync(inRoot(`size-${size}`), Buffer.alloc(size, `${size},`));
	writeFileSync(inRoot(Buffer.from("caf\xe9\xff", "latin1")), "latin1");
	writeFileSync(inRoot("set-id"), "x");
	chmodSync(inRoot("set-id"), 0o7751);
	symlinkSync("small", inRoot("dir/link"));
	linkSync(inRoot("dir/small"), inRoot("second-name"));
	run("mkfifo", [`${root}/fifo`]);
	run("touch", ["-d", "2024-05-06 07:08:09", `${root}/dir/small`]);
	if (!rich) return;
	writeFileSync(inRoot("new\nline\ttab\\back"), "x");
	const deep = `${"d".repeat(90)}/${"e".repeat(90)}/${"f".repeat(90)}`;
	mkdirSync(inRoot(deep), { recursive: true });
	writeFileSync(inRoot(`${deep}/${"g".repeat(255)}`), "deep");
	symlinkSync("t".repeat(300), inRoot("long-target"));
	run("touch", ["-d", "1960-01-01 00:00:00.25", `${root}/size-1`]);
	run("touch", ["-d", "2300-01-01 12:00:00.123456789", `${root}/size-511`]);
}

/** The paths of all files within a folder; characters are bytes. */
function listFiles(root: string): string[] {
	const found: string[] = [];
	const visit = (name: string) => {
		found.push(name);
		const place = Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name, "latin1")]);
		if (!lstatSync(place).isDirectory()) return;
		for (const child of readdirSync(place, { encoding: "latin1" }))
			visit(name === "." ? child : `${name}/${child}`);
	};
	visit(".");
	return found;
}

const normal = (name: string): string => name.replace(/^\.\//, "").replace(/(.)\/$/, "$1") || ".";

export interface Precision {
	/** Nanoseconds of a step of time. */
	readonly step: bigint;
}

/** Compares what was read of an archive of a folder with the files themselves. */
export function compareFiles(root: string, entries: readonly ReadEntry[], { step }: Precision): void {
	const byName = new Map<string, ReadEntry>();
	for (const entry of entries)
		byName.set(Buffer.from(nameToBytes(normal(entry.name))).toString("latin1"), entry);
	expect([...byName.keys()].sort()).toEqual(listFiles(root).sort());
	for (const [name, entry] of byName) {
		const place = Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name, "latin1")]);
		const stat = lstatSync(place, { bigint: true });
		const time = (ns: bigint) => ns - (((ns % step) + step) % step);
		const kind = stat.isDirectory()
			? "directory"
			: stat.isSymbolicLink()
				? "symlink"
				: stat.isFIFO()
					? "fifo"
					: "file";
		const type = entry.type === "hardlink" ? "file" : entry.type;
		const mode = entry.type === "symlink" ? BigInt(0o777) : stat.mode & 0o7777n;
		expect({
			name,
			type,
			uid: entry.uid,
			gid: entry.gid,
			mode: entry.mode,
			mtimeNs: time(entry.mtimeNs),
		}).toEqual({
			name,
			type: kind,
			uid: Number(stat.uid),
			gid: Number(stat.gid),
			mode: Number(mode),
			mtimeNs: time(stat.mtimeNs),
		});
		if (kind === "symlink")
			expect(entry.linkName).toBe(bytesToName(readlinkSync(place, { encoding: "buffer" })));
		if (entry.type === "hardlink") expect(["dir/small", "second-name"]).toContain(normal(entry.linkName));
		if (entry.type === "file") expect([name, entry.bytes.equals(readFileSync(place))]).toEqual([name, true]);
	}
}

export const SECOND: Precision = { step: 1_000_000_000n };
export const NANOSECOND: Precision = { step: 1n };
