import { describe, expect, test } from "@jest/globals";
import { formatDump } from "../../src/dump/format.ts";
import { parseDump } from "../../src/dump/parse.ts";
import type { DumpSource } from "../../src/dump/source.ts";
import type { Inode } from "../../src/inode.ts";
import { Tree } from "../../src/tree.ts";

const ROOT = "/ 4096 40755 2 0 0 0 0.0 - - -\n";
const DIGEST = "0123456789abcdef".repeat(4);

/** The inode that one line makes. */
async function inodeOf(fields: string): Promise<Inode | undefined> {
	return (await parseDump(`${ROOT}/x ${fields}\n`)).get("/x");
}

function refusal(source: DumpSource): Promise<object> {
	return parseDump(source).then(
		() => ({ parsed: true }),
		(error) => ({ ...error, message: error.message }),
	);
}

/** A refusal in line 2, behind the root. */
const second = (field: string | undefined, problem: string, rule?: string) => ({
	name: "ComposefsError",
	code: "ERR_COMPOSEFS_DUMP",
	line: 2,
	...(field !== undefined && { field }),
	...(rule !== undefined && { rule }),
	message: `line 2: ${field === undefined ? "" : `${field}: `}${problem}`,
});

describe("inodes", () => {
	const metadata = { mode: 0o644, uid: 1, gid: 2, mtimeNs: 3_000_000_004n, xattrs: undefined };
	const rest = "1 1 2 0 3.4";

	test.each([
		["a directory", `4096 40644 ${rest} - - -`, { type: "directory", ...metadata, children: new Map() }],
		["a symlink", `2 120644 ${rest} to - -`, { type: "symlink", ...metadata, target: "to" }],
		["a fifo", `0 10644 ${rest} - - -`, { type: "fifo", ...metadata }],
		["a socket", `0 140644 ${rest} - - -`, { type: "socket", ...metadata }],
		[
			"an external file",
			`5 100644 ${rest} ab/cd - ${DIGEST.toUpperCase()}`,
			{ type: "file", ...metadata, size: 5, path: "ab/cd", digest: DIGEST },
		],
		["an external file of which little is known", `5 100644 ${rest}`, { type: "file", ...metadata, size: 5 }],
		["an inline file", `2 100644 ${rest} - hi -`, { type: "file", ...metadata, content: Buffer.from("hi") }],
		[
			"an inline file with the digest and path that mkcomposefs prints",
			`2 100644 ${rest} ab/cd hi ${DIGEST}`,
			{ type: "file", ...metadata, content: Buffer.from("hi") },
		],
		["an empty file", `0 100644 ${rest} - - -`, { type: "file", ...metadata, content: new Uint8Array(0) }],
		[
			"an empty file with a digest",
			`0 100644 ${rest} a - ${DIGEST}`,
			{ type: "file", ...metadata, content: new Uint8Array(0) },
		],
		[
			"a content of one dash",
			`1 100644 ${rest} - \\x2d -`,
			{ type: "file", ...metadata, content: Buffer.from("-") },
		],
		[
			"a block device",
			"0 60644 1 1 2 2049 3.4 - - -",
			{ type: "block-device", ...metadata, rdev: { major: 8, minor: 1 } },
		],
		[
			"a whiteout",
			"0 20644 1 1 2 0 3.4 - - -",
			{ type: "character-device", ...metadata, rdev: { major: 0, minor: 0 } },
		],
		[
			"a device with a size",
			"9 20644 1 1 2 259 3.4",
			{ type: "character-device", ...metadata, rdev: { major: 1, minor: 3 } },
		],
		["a time before 1970", "0 10644 1 1 2 0 -5.7", { type: "fifo", ...metadata, mtimeNs: -4_999_999_993n }],
		[
			"xattrs",
			`0 10644 ${rest} - - - a=b=c`,
			{ type: "fifo", ...metadata, xattrs: new Map([["a", Buffer.from("b=c")]]) },
		],
	])("%s", async (_title, fields, expected) => {
		expect(plain(await inodeOf(fields))).toEqual(plain(expected as never));
	});

	/** Bytes as text: a Buffer and a Uint8Array are not equal to jest. */
	function plain(inode: Inode | undefined): object {
		const { content, xattrs, ...fields } = inode as Inode & { content?: Uint8Array };
		const values = Array.from(xattrs ?? [], ([name, value]) => [name, Buffer.from(value).toString("hex")]);
		return { ...fields, content: content && Buffer.from(content).toString("hex"), xattrs: values };
	}
});

describe("text", () => {
	test.each([
		["no line feed at the end", `${ROOT}/x 0 10644 1 0 0 0 0.0`],
		["paths without a slash in front", `${ROOT}x 0 10644 1 0 0 0 0.0\n`],
		["doubled slashes", `${ROOT}//x 0 10644 1 0 0 0 0.0\n`],
		[
			"doubled slashes within",
			`${ROOT}/d 4096 40755 2 0 0 0 0.0\n/d///y 0 10644 1 0 0 0 0.0\n/x 0 10644 1 0 0 0 0.0`,
		],
		["one space at the end", `${ROOT}/x 0 10644 1 0 0 0 0.0 - - - \n`],
		["bytes", Buffer.from(`${ROOT}/x 0 10644 1 0 0 0 0.0\n`)],
		["pieces", [ROOT, Buffer.from("/x 0 10644"), " 1 0 0 0 0.0\n"]],
	])("with %s", async (_title, source) => {
		expect((await parseDump(source)).get("/x")?.type).toBe("fifo");
	});

	test("names of any bytes, raw or escaped", async () => {
		const raw = Buffer.from(`${ROOT}/a\\x20\\xff 0 10644 1 0 0 0 0.0\n/\xe9 0 10644 1 0 0 0 0.0\n`, "latin1");
		const tree = await parseDump(raw);
		expect(tree.readdir("/")).toEqual(["a \udcff", "\udce9"]);
		expect((await parseDump(`${ROOT}/é 0 10644 1 0 0 0 0.0`)).readdir("/")).toEqual(["é"]);
	});

	test.each([
		["nothing", "", "line 0: there is no line for the root"],
		["an empty first line", "\n", "line 1: the line is empty"],
		[
			"something before the root",
			"/x 0 10644 1 0 0 0 0.0\n",
			"line 1: PATH: there is no directory for it before this line",
		],
		["a root that is a file", "/ 0 100644 1 0 0 0 0.0\n", "line 1: MODE: the root is not a directory"],
		[
			"a root that is a link",
			"/ 0 @40755 1 0 0 0 0.0 /x\n",
			"line 1: MODE: a directory cannot be a hard link",
		],
		["an endless line", `${ROOT}${"x".repeat(1 << 21)}`, "line 2: the line is longer than 1048576 bytes"],
	])("refuses %s", async (_title, source, message) => {
		expect(await refusal(source)).toMatchObject({ code: "ERR_COMPOSEFS_DUMP", message });
	});

	test("refuses strings that are no text, rather than to change them", async () => {
		expect(await refusal(`${ROOT}/\udcff 0 10644 1 0 0 0 0.0\n`)).toMatchObject({
			code: "ERR_COMPOSEFS_ARGUMENT",
		});
		expect(await refusal([`${ROOT}/\ud83d`, "\ude00 0 10644 1 0 0 0 0.0\n"])).toMatchObject({
			code: "ERR_COMPOSEFS_ARGUMENT",
		});
	});
});

describe("refused lines", () => {
	const long = "t".repeat(4096);

	test.each([
		["/ 4096 40755 2 0 0 0 0.0 - - -", second("PATH", "the root comes once, and first")],
		["/x/y 0 10644 1 0 0 0 0.0", second("PATH", "there is no directory for it before this line")],
		["/x/ 0 10644 1 0 0 0 0.0", second("PATH", "a name is empty", "name-empty")],
		["// 0 40644 1 0 0 0 0.0", second("PATH", "a name is empty", "name-empty")],
		[" 0 40644 1 0 0 0 0.0", second("PATH", "the path is empty")],
		["/. 0 40644 1 0 0 0 0.0", second("PATH", '"." is not a name', "name-dot")],
		["/.. 0 40644 1 0 0 0 0.0", second("PATH", '".." is not a name', "name-dot")],
		["/a\\x00b 0 10644 1 0 0 0 0.0", second("PATH", "there is a NUL byte")],
		["/a\0b 0 10644 1 0 0 0 0.0", second("PATH", "there is a NUL byte")],
		[
			`/${"n".repeat(256)} 0 10644 1 0 0 0 0.0`,
			second("PATH", "the name takes 256 bytes, the limit is 255", "name-length"),
		],
		["/x 0 644 1 0 0 0 0.0", second("MODE", "644 has no known type")],
		["/x 0 30644 1 0 0 0 0.0", second("MODE", "30644 has no known type")],
		[
			"/x 9007199254740993 100644 1 0 0 0 0.0",
			second("SIZE", "9007199254740993 is more than 9007199254740992"),
		],
		["/x 0 10644 1 4294967296 0 0 0.0", second("UID", "4294967296 is more than 4294967295")],
		["/x 0 10644 1 0 -1 0 0.0", second("GID", '"-1" is not a decimal number')],
		["/x 0 10644 1 0 0 4294967296 0.0", second("RDEV", "4294967296 is more than 4294967295")],
		["/x 0 10644 x 0 0 0 0.0", second("NLINK", '"x" is not a decimal number')],
		["/x 0 10644 1 0 0 0 0.0\r", second("MTIME", '"0\\r" is not a decimal number')],
		["/x 0 10644 1 0 0 0 0.0 - - -\r", second("DIGEST", '"-\\r" is not 64 hexadecimal digits')],
		[
			"/x 0 10644 1 0 0 0 9223372036854775808.0",
			second("MTIME", "mtimeNs does not fit into 64 bits of seconds", "mtime"),
		],
		["/x 5 100644 1 0 0 0 0.0 - - abcd", second("DIGEST", '"abcd" is not 64 hexadecimal digits')],
		[`/x 5 100644 1 0 0 0 0.0 - - ${DIGEST}0`, second("DIGEST", `"${DIGEST}0" is not 64 hexadecimal digits`)],
		["/x 0 40644 1 0 0 0 0.0 - - nothex", second("DIGEST", '"nothex" is not 64 hexadecimal digits')],
		["/x 3 100644 1 0 0 0 0.0 - hi -", second("CONTENT", "it has 2 bytes, and SIZE is 3")],
		["/x 2 40644 1 0 0 0 0.0 - hi -", second("CONTENT", "only regular files have content")],
		[
			`/x 5001 100644 1 0 0 0 0.0 - ${"c".repeat(5001)} -`,
			second("CONTENT", "inline content takes 5001 bytes, the limit is 5000", "content-size"),
		],
		["/x 0 120644 1 0 0 0 0.0 - - -", second("PAYLOAD", "the symlink's target is empty", "symlink-target")],
		[
			`/x 0 120644 1 0 0 0 0.0 ${long} - -`,
			second("PAYLOAD", "the symlink's target takes 4096 bytes, the limit is 4095", "symlink-target"),
		],
		[
			`/x 9 100644 1 0 0 0 0.0 ${long} - -`,
			second("PAYLOAD", "the object path takes 4096 bytes, the limit is 4095", "object-path"),
		],
		["/x 0 120644 1 0 0 0 0.0 a\\x00b - -", second("PAYLOAD", "there is a NUL byte")],
		[
			`/x 0 10644 1 0 0 0 0.0 - - - ${"n".repeat(256)}=`,
			second("XATTR", `xattr "${"n".repeat(256)}": its name takes 256 bytes, the limit is 255`, "xattr-name"),
		],
		[
			`/x 0 10644 1 0 0 0 0.0 - - - a=${"v".repeat(32748)}`,
			second("XATTR", "xattrs take 32768 bytes, the limit is 32767", "xattr-total"),
		],
		["/x 0 10644 1 0 0 0 0.0 - - - a=1  b=2", second("XATTR", "there is no = between name and value")],
		["", second(undefined, "the line is empty")],
		["/x 0 @40644 1 0 0 0 0.0 /y - -", second("MODE", "a directory cannot be a hard link")],
		["/x 0 @100644 1 0 0 0 0.0 - - -", second("PAYLOAD", "a hard link has no target")],
		["/x 0 @100644 1 0 0 0 0.0", second("PAYLOAD", "a hard link has no target")],
	])("%.60j", async (line, expected) => {
		expect(await refusal(`${ROOT}${line}\n`)).toEqual(expected);
	});

	test("the same path twice", async () => {
		const line = "/x 0 10644 1 0 0 0 0.0\n";
		expect(await refusal(ROOT + line + line)).toMatchObject({
			line: 3,
			field: "PATH",
			message: "line 3: PATH: the path is there already",
		});
	});
});

describe("slices", () => {
	const big = () => {
		const tree = new Tree();
		for (let i = 0; i < 20_000; i++) tree.writeFile(`/${i}`, { size: i });
		return formatDump(tree);
	};

	test("an aborted signal ends parsing, with its reason", async () => {
		const controller = new AbortController();
		const reason = new Error("enough");
		const parsing = parseDump(big(), { signal: controller.signal });
		controller.abort(reason);
		await expect(parsing).rejects.toBe(reason);
		await expect(parseDump(ROOT, { signal: controller.signal })).rejects.toBe(reason);
	});
});
