/** Archives that GNU tar, bsdtar and Python write in every format they have, against the files they were made of. */
import { spawnSync } from "node:child_process";
import {
	closeSync,
	ftruncateSync,
	mkdirSync,
	openSync,
	readFileSync,
	truncateSync,
	writeFileSync,
	writeSync,
} from "node:fs";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { nameToBytes } from "../../src/names.ts";
import { readTar } from "../../src/tar/read.ts";
import { describeIf, findProgram } from "../support/needs.ts";
import { noise } from "../support/pulled-images.ts";
import { type ReadEntry, readArchive } from "../support/read-archive.ts";
import { compareFiles, makeFiles, NANOSECOND, type Precision, run, SECOND } from "../support/tar-files.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const temporary = useTemporaryFolder();

describeIf("GNU tar", gnuTar(), "GNU tar is not on PATH", (tar) => {
	describe.each<[string, boolean, Precision]>([
		["v7", false, SECOND],
		["ustar", false, SECOND],
		["oldgnu", true, SECOND],
		["gnu", true, SECOND],
		["posix", true, NANOSECOND],
	])("--format=%s", (format, rich, precision) => {
		beforeEach(() => makeFiles(temporary("files"), rich));

		test("is the files that it was made of", async () => {
			if (format === "v7") run("rm", [temporary("files", "fifo")]); // it has none
			run(tar, ["-C", temporary("files"), `--format=${format}`, "-cf", temporary("a.tar"), "."]);
			compareFiles(temporary("files"), await readArchive(readFileSync(temporary("a.tar"))), precision);
		});

		test("names what tar's own listing names", async () => {
			if (format === "v7") run("rm", [temporary("files", "fifo")]);
			run(tar, ["-C", temporary("files"), `--format=${format}`, "-cf", temporary("a.tar"), "."]);
			const listing = run(tar, ["--quoting-style=literal", "--null", "-tf", temporary("a.tar")]);
			const names = (await readArchive(readFileSync(temporary("a.tar")))).map(({ name }) => name);
			expect(names.map((name) => `${Buffer.from(nameToBytes(name)).toString("latin1")}\n`).join("")).toBe(
				listing,
			);
		});
	});

	test.each([
		["gnu", "--format=gnu"],
		["oldgnu", "--format=oldgnu"],
		["0.0", "--format=posix", "--sparse-version=0.0"],
		["0.1", "--format=posix", "--sparse-version=0.1"],
		["1.0", "--format=posix", "--sparse-version=1.0"],
	])("sparse files of form %s", async (_form, ...options) => {
		mkdirSync(temporary("files"));
		for (const extents of [0, 1, 4, 5, 30, 200]) {
			const file = openSync(temporary("files", `sparse-${extents}`), "w");
			ftruncateSync(file, (extents + 2) * 65536);
			for (let index = 0; index < extents; index++)
				writeSync(file, noise(4096), 0, 4096, 65536 * index + 4096);
			closeSync(file);
		}
		run(tar, [
			"-C",
			temporary("files"),
			...options,
			"-S",
			"--hole-detection=raw",
			"-cf",
			temporary("a.tar"),
			".",
		]);
		const entries = await readArchive(readFileSync(temporary("a.tar")));
		compareFiles(temporary("files"), entries, SECOND);
		for (const { type, holes, size } of entries) if (type === "file") expect(holes).toBeGreaterThan(size / 2);
	});

	test("a file of 8 GiB, in bounded memory", async () => {
		mkdirSync(temporary("files"));
		const file = temporary("files", "huge");
		const descriptor = openSync(file, "w");
		writeSync(descriptor, "data", 2 ** 32);
		writeSync(descriptor, "end!", 2 ** 33 - 4);
		closeSync(descriptor);
		for (const options of [
			["--format=gnu"],
			["--format=oldgnu"],
			["--format=posix", "--sparse-version=0.1"],
			["--format=posix"],
		]) {
			run(tar, ["-C", temporary("files"), "-S", ...options, "-cf", temporary("a.tar"), "huge"]);
			let size = 0;
			let text = "";
			for await (const entry of readTar([readFileSync(temporary("a.tar"))])) {
				expect(entry.size).toBe(2 ** 33);
				for await (const chunk of entry.content()) {
					if (!(chunk instanceof Uint8Array)) size += chunk.hole;
					else {
						size += chunk.length;
						text += Buffer.from(chunk).toString("latin1").replaceAll("\0", "");
					}
				}
			}
			expect([size, text]).toEqual([2 ** 33, "dataend!"]);
		}
	});
});

describeIf(
	"xattrs of GNU tar",
	xattrTools(),
	"GNU tar or setfattr is missing, or xattrs are",
	({ tar, setfattr }) => {
		test("keep names and values", async () => {
			mkdirSync(temporary("files"));
			const file = temporary("files", "file");
			writeFileSync(file, "");
			for (const [name, value] of Object.entries(XATTRS)) run(setfattr, ["-n", name, "-v", value, file]);
			run(tar, [
				"-C",
				temporary("files"),
				"--format=posix",
				"--xattrs",
				"--xattrs-include=*",
				"-cf",
				temporary("a.tar"),
				"file",
			]);
			expectXattrs(await readArchive(readFileSync(temporary("a.tar"))));
		});
	},
);

describeIf("bsdtar", findProgram("bsdtar"), "bsdtar is not on PATH", (bsdtar) => {
	describe.each<[string, boolean, Precision]>([
		["v7tar", false, SECOND],
		["ustar", false, SECOND],
		["gnutar", true, SECOND],
		["pax", true, NANOSECOND],
	])("--format %s", (format, rich, precision) => {
		test("is the files that it was made of", async () => {
			makeFiles(temporary("files"), rich);
			if (format === "v7tar") run("rm", [temporary("files", "fifo")]);
			// It writes a quarter of a second after 1960 as "-315619200.25", which is a quarter before, and cuts off
			// what is beyond 33 bits in its gnutar format.
			const times = { gnutar: ["2001-02-03", "2001-02-03"], pax: ["1960-01-01", "2300-01-01 12:00:00.5"] }[
				format
			];
			for (const [index, time] of (times ?? []).entries())
				run("touch", ["-d", time, temporary("files", index === 0 ? "size-1" : "size-511")]);
			const args = ["-C", temporary("files"), "--format", format, "-cf", temporary("a.tar"), "."];
			run(bsdtar, format === "gnutar" ? args : ["--no-xattrs", ...args]);
			compareFiles(temporary("files"), await readArchive(readFileSync(temporary("a.tar"))), precision);
		});
	});

	test("sparse files", async () => {
		mkdirSync(temporary("files"));
		const file = temporary("files", "sparse");
		writeFileSync(file, Buffer.alloc(5000, "x"));
		truncateSync(file, 3_000_000);
		run(bsdtar, ["-C", temporary("files"), "--format", "pax", "-cf", temporary("a.tar"), "."]);
		compareFiles(temporary("files"), await readArchive(readFileSync(temporary("a.tar"))), NANOSECOND);
	});
});

describeIf(
	"xattrs of bsdtar",
	bsdXattrTools(),
	"bsdtar or setfattr is missing, or xattrs are",
	({ bsdtar, setfattr }) => {
		test("keep names and values", async () => {
			mkdirSync(temporary("files"));
			const file = temporary("files", "file");
			writeFileSync(file, "");
			for (const [name, value] of Object.entries(XATTRS)) run(setfattr, ["-n", name, "-v", value, file]);
			run(bsdtar, [
				"-C",
				temporary("files"),
				"--format",
				"pax",
				"--xattrs",
				"-cf",
				temporary("a.tar"),
				"file",
			]);
			expectXattrs(await readArchive(readFileSync(temporary("a.tar"))));
		});
	},
);

describeIf("Python", findProgram("python3"), "python3 is not on PATH", (python) => {
	test.each([
		["USTAR_FORMAT", false, SECOND],
		["GNU_FORMAT", true, SECOND],
		["PAX_FORMAT", true, { step: 1000n }],
	] as const)("%s", async (format, rich, precision) => {
		makeFiles(temporary("files"), rich);
		// Its times are floating-point numbers, which do not have nanoseconds.
		for (const name of rich ? ["size-1", "size-511"] : [])
			run("touch", ["-d", "2001-02-03", temporary("files", name)]);
		run("find", [temporary("files"), "-exec", "touch", "-h", "-d", "2001-02-03 04:05:06", "{}", "+"]);
		const program = `import sys, tarfile
with tarfile.open(sys.argv[2], "w", format=tarfile.${format}, encoding="utf-8", errors="surrogateescape") as archive:
    archive.add(sys.argv[1], arcname=".")`;
		run(python, ["-c", program, temporary("files"), temporary("a.tar")], { PYTHONUTF8: "1" });
		compareFiles(temporary("files"), await readArchive(readFileSync(temporary("a.tar"))), precision);
	});
});

const XATTRS: Readonly<Record<string, string>> = {
	"user.plain": "text",
	"user.with=equals%41": "0x003dff0a",
	"user.caf\u00e9": "x",
};

function expectXattrs(entries: readonly ReadEntry[]): void {
	const found = [...(entries[0]?.xattrs ?? [])].filter(([name]) => name.startsWith("user."));
	expect(new Map(found.map(([name, value]) => [name, Buffer.from(value).toString("latin1")]))).toEqual(
		new Map([
			["user.plain", "text"],
			["user.with=equals%41", "\x00=\xff\n"],
			["user.caf\u00e9", "x"],
		]),
	);
}

function gnuTar(): string | undefined {
	const tar = findProgram("tar");
	return tar && /GNU tar/.test(run(tar, ["--version"])) ? tar : undefined;
}

/** Where the file system of the tests has user xattrs. */
function setfattrIfItWorks(): string | undefined {
	const setfattr = findProgram("setfattr");
	if (setfattr === undefined) return undefined;
	const script = 'f=$(mktemp) && "$1" -n user.test -v x "$f"; s=$?; rm -f "$f"; exit $s';
	return spawnSync("sh", ["-c", script, "sh", setfattr]).status === 0 ? setfattr : undefined;
}

function xattrTools(): { tar: string; setfattr: string } | undefined {
	const [tar, setfattr] = [gnuTar(), setfattrIfItWorks()];
	return tar && setfattr ? { tar, setfattr } : undefined;
}

function bsdXattrTools(): { bsdtar: string; setfattr: string } | undefined {
	const [bsdtar, setfattr] = [findProgram("bsdtar"), setfattrIfItWorks()];
	return bsdtar && setfattr ? { bsdtar, setfattr } : undefined;
}
