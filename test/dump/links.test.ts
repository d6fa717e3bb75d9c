import { describe, expect, test } from "@jest/globals";
import { formatDump } from "../../src/dump/format.ts";
import { parseDump } from "../../src/dump/parse.ts";
import { Tree } from "../../src/tree.ts";
import { cpuTimeOf, FAR_TOO_MUCH_MS } from "../support/cpu-time.ts";
import { countTurns } from "../support/event-loop.ts";

const ROOT = "/ 4096 40755 2 0 0 0 0.0 - - -";
const FILE = "/f 5 100644 2 0 0 0 0.0 a/b - -";

/** A hard link as composefs-info writes it: with the fields of its inode. */
const info = (path: string, target: string) => `${path} 5 @100644 2 0 0 0 0.0 ${target} - -`;
/** As composefs-rs writes it: with fields that say nothing. */
const rust = (path: string, target: string) => `${path} 0 @120000 - - - - 0.0 ${target} - -`;

const parse = (...lines: string[]) => parseDump([ROOT, ...lines].join("\n"));

async function refusal(...lines: string[]): Promise<object> {
	return parse(...lines).then(
		() => ({ parsed: true }),
		({ code, line, field, message }) => ({ code, line, field, message }),
	);
}

const refused = (line: number, field: string, problem: string) => ({
	code: "ERR_COMPOSEFS_DUMP",
	line,
	field,
	message: `line ${line}: ${field}: ${problem}`,
});

describe.each([
	["composefs-info", info],
	["composefs-rs", rust],
])("hard links of %s", (_dialect, link) => {
	test.each([
		["behind their target", [FILE, link("/l", "/f")]],
		["before their target", [link("/l", "/f"), FILE]],
		["to a target without a slash in front", [FILE, link("/l", "f")]],
		["to a target with doubled slashes", [FILE, link("/l", "//f")]],
		["to a target with a slash at the end", [FILE, link("/l", "/f/")]],
	])("%s", async (_title, lines) => {
		const tree = await parse(...lines);
		expect(tree.get("/l")).toBe(tree.get("/f"));
		expect(tree.get("/l")).toMatchObject({ type: "file", size: 5, mode: 0o644 });
	});

	test("to a link, also before it", async () => {
		const tree = await parse(link("/a", "/b"), link("/b", "/c"), link("/c", "/f"), FILE, link("/d", "/a"));
		for (const name of ["a", "b", "c", "d"]) expect(tree.get(name)).toBe(tree.get("/f"));
	});

	test("to what is in another directory, and has an odd name", async () => {
		const directory = "/d\\x20 4096 40755 2 0 0 0 0.0 - - -";
		const odd = "/d\\x20/\\xff 5 100644 2 0 0 0 0.0 - - -";
		const tree = await parse(directory, odd, link("/d\\x20/l", "/d\\x20/\\xff"));
		expect(tree.get("/d /l")).toBe(tree.get("/d /\udcff"));
	});

	test("to a path that is not there", async () => {
		expect(await refusal(link("/l", "/x"))).toEqual(
			refused(2, "PAYLOAD", "the hard link's target is not there"),
		);
		expect(await refusal(FILE, link("/l", "/f/x"))).toMatchObject({ line: 3 });
		expect(await refusal(FILE, link("/l", "/../f"))).toMatchObject({ code: "ERR_COMPOSEFS_DUMP", line: 3 });
		expect(await refusal(FILE, link("/l", "/"))).toMatchObject({ line: 3 });
	});

	test("to themselves, and in a circle", async () => {
		const problem = "the hard link's target is not there";
		expect(await refusal(link("/l", "/l"))).toEqual(refused(2, "PAYLOAD", problem));
		expect(await refusal(link("/a", "/b"), link("/b", "/a"))).toEqual(refused(2, "PAYLOAD", problem));
		// What libcomposefs would follow for ever: a circle that its beginning is not in.
		const lines = [link("/a", "/b"), link("/b", "/c"), link("/c", "/b")];
		expect(await refusal(...lines)).toEqual(refused(2, "PAYLOAD", problem));
	});

	test("to a directory", async () => {
		const problem = "the hard link's target is a directory";
		expect(await refusal("/d 4096 40755 2 0 0 0 0.0 - - -", link("/l", "/d"))).toEqual(
			refused(3, "PAYLOAD", problem),
		);
	});

	test("in a directory that is not there", async () => {
		expect(await refusal(FILE, link("/d/l", "/f"))).toEqual(
			refused(3, "PATH", "there is no directory for it before this line"),
		);
	});

	test("with a name that is taken", async () => {
		const problem = "the path is there already";
		expect(await refusal(FILE, link("/f", "/f"))).toEqual(refused(3, "PATH", problem));
		expect(await refusal(FILE, link("/l", "/f"), link("/l", "/f"))).toEqual(refused(4, "PATH", problem));
		expect(await refusal(link("/f", "/g"), FILE, "/g 0 10644 1 0 0 0 0.0")).toEqual(
			refused(2, "PATH", problem),
		);
	});

	test("may be to symlinks and devices, and carry xattrs that mean nothing", async () => {
		const symlink = "/s 1 120777 2 0 0 0 0.0 x - -";
		const device = "/n 0 20666 2 0 0 259 0.0 - - -";
		const tree = await parse(symlink, device, `${link("/l", "/s")} user.a=1`, link("/m", "/n"));
		expect(tree.get("/l")).toBe(tree.get("/s"));
		expect(tree.get("/l")?.xattrs).toBeUndefined();
		expect(tree.get("/m")).toBe(tree.get("/n"));
	});

	test("in a chain of 30,000 are followed once each, and not from every one to the end", async () => {
		const count = 30_000;
		const lines = Array.from({ length: count }, (_, i) => link(`/${i}`, i + 1 < count ? `/${i + 1}` : "/f"));
		let tree = new Tree();
		const spent = await cpuTimeOf(async () => {
			tree = await parse(...lines, FILE);
		});
		expect(spent).toBeLessThan(FAR_TOO_MUCH_MS);
		expect(tree.get("/0")).toBe(tree.get("/f"));
		expect(tree.root.children.size).toBe(count + 1);
	});

	test("bug: many links over one to a long path followed that path from each", async () => {
		const name = "d".repeat(255);
		const paths = Array.from({ length: 300 }, (_, depth) => `/${name}`.repeat(depth + 1));
		const directories = paths.map((path) => `${path} 4096 40755 2 0 0 0 0.0 - - -`);
		const deepest = paths.at(-1) as string;
		const lines = Array.from({ length: 60_000 }, (_, i) => link(`/${i}`, "/t"));
		const deep = [...directories, `${deepest}${FILE}`, link("/t", `${deepest}/f`)];
		const few = await cpuTimeOf(() => parse(...deep));
		const many = await cpuTimeOf(() => parse(...deep, ...lines));
		expect(many - few).toBeLessThan(FAR_TOO_MUCH_MS);
	});

	test("are given their inodes in slices", async () => {
		const lines = Array.from({ length: 100_000 }, (_, i) => link(`/${i}`, "/f"));
		const text = [ROOT, FILE, ...lines].join("\n");
		expect(await countTurns(() => parseDump(text))).toBeGreaterThan(10);
	});
});

test("links are written as composefs-info writes them: first name first, the others by its path", async () => {
	const tree = new Tree();
	tree.mkdir("/b");
	tree.symlink("t", "/b/2");
	tree.link("/b/2", "/a");
	tree.link("/b/2", "/c");
	expect(formatDump(tree)).toBe(
		[
			"/ 4096 40755 3 0 0 0 0.0 - - -",
			"/a 1 120777 3 0 0 0 0.0 t - -",
			"/b 40 40755 2 0 0 0 0.0 - - -",
			"/b/2 1 @120777 3 0 0 0 0.0 /a - -",
			"/c 1 @120777 3 0 0 0 0.0 /a - -",
			"",
		].join("\n"),
	);
});
