import { describe, expect, test } from "@jest/globals";
import { device, directory, fifo, file, whiteout } from "../../src/inode.ts";
import { applyLayer, layOver } from "../../src/oci/apply.ts";
import type { Layer, LayerEntry } from "../../src/oci/layer.ts";
import { readLayer } from "../../src/oci/layer.ts";
import { layerTree } from "../../src/oci/layer-tree.ts";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { countTurns } from "../support/event-loop.ts";
import { entries, entry, LOWER, lines, stack } from "../support/layers.ts";

describe("whiteouts", () => {
	test.each<[string, string[], string[]]>([
		["take a file away", ["d/.wh.a"], ["d/", "d/b: 2", "d/sub/", "d/sub/deep: 3", "top: 4"]],
		["take a directory away", ["d/.wh.sub"], ["d/", "d/a: 1", "d/b: 2", "top: 4"]],
		["take something away from the root", ["./.wh.d", ".wh.top"], []],
		["of what is not there do nothing", ["d/.wh.x", "x/y/.wh.z", "top/.wh.x"], LOWER],
		["never touch their own layer, before it", [".wh.d", "d/", "d/a: new"], ["d/", "d/a: new", "top: 4"]],
		["nor after it", ["d/", "d/a: new", ".wh.d"], ["d/", "d/a: new", "top: 4"]],
		["of a file that is made anew", ["top: new", ".wh.top", ".wh.d"], ["top: new"]],
		[
			"below a path that the layer replaces",
			["d -> elsewhere", "d/.wh.a", "d/sub/.wh.deep"],
			["d -> elsewhere", "top: 4"],
		],
		["below a path that another takes away", [".wh.d", "d/.wh.a"], ["top: 4"]],
		["with a name that begins with a dot", ["d/.wh..hidden"], LOWER],
	])("%s", async (_title, layer, expected) => {
		expect(lines(await stack(LOWER, layer))).toEqual(expected);
	});

	test("of any type of entry", async () => {
		const types: LayerEntry[] = [
			{ name: "d/.wh.a", inode: device("character-device", { major: 0, minor: 0 }) },
			{ name: ".wh.top", linkName: ".wh..wh.aufs" },
			{ name: "d/.wh.sub/", inode: directory() },
		];
		expect(lines(await stack(LOWER, types))).toEqual(["d/", "d/b: 2"]);
	});

	test("do not follow symlinks", async () => {
		const lower = ["real/", "real/kept", "link -> real"];
		expect(lines(await stack(lower, ["link/.wh.kept"]))).toEqual(["link -> real", "real/", "real/kept"]);
	});

	test("come back with the next layer", async () => {
		expect(lines(await stack(LOWER, [".wh.d"], ["d/", "d/new"]))).toEqual(["d/", "d/new", "top: 4"]);
	});
});

describe("opaque marks", () => {
	test.each<[string, string[], string[]]>([
		["empty a directory", ["d/.wh..wh..opq"], ["d/", "top: 4"]],
		["empty the root", [".wh..wh..opq", "new"], ["new"]],
		["leave what the layer has, before them", ["d/a: new", "d/.wh..wh..opq"], ["d/", "d/a: new", "top: 4"]],
		["and after them", ["d/.wh..wh..opq", "d/sub/", "d/sub/x"], ["d/", "d/sub/", "d/sub/x", "top: 4"]],
		["of what is no directory do nothing", ["top/.wh..wh..opq", "x/.wh..wh..opq"], LOWER],
	])("%s", async (_title, layer, expected) => {
		expect(lines(await stack(LOWER, layer))).toEqual(expected);
	});

	test("the directory keeps its metadata where it has no entry", async () => {
		const lower = [entry("d/", { mode: 0o700, uid: 7 }), entry("d/a")];
		expect((await stack(lower, ["d/.wh..wh..opq"])).get("d")).toMatchObject({ mode: 0o700, uid: 7 });
		const layer = [entry("d/.wh..wh..opq"), entry("d/", { mode: 0o711 })];
		expect((await stack(lower, layer)).get("d")).toMatchObject({ mode: 0o711, uid: 0 });
	});

	test("bug: a hard link to an overlay whiteout made a layer that no image can be written of", async () => {
		const mark = whiteout({ uid: 5, mtimeNs: 7n });
		const layer = [{ name: "a", inode: mark }, entry("b = a"), entry("d/"), entry("d/c = a")];
		const whole = await applyLayer(new Tree(), layer);
		const stacked = await applyLayer(await applyLayer(new Tree(), layer.slice(0, 1)), layer.slice(1));
		for (const tree of [whole, stacked]) {
			expect(lines(tree)).toEqual(["a (0:0)", "b (0:0)", "d/", "d/c (0:0)"]);
			expect(tree.get("/d/c")).toEqual(mark);
			expect((await writeImage(tree, { digestOnly: true })).version).toBe(1);
		}
	});

	test("an overlay whiteout or mark in the tar is data", async () => {
		const xattrs: [string, Uint8Array][] = [["trusted.overlay.opaque", Buffer.from("y")]];
		const layer = [entry("d/", { xattrs }), { name: "d/a", inode: whiteout() }];
		expect(lines(await stack(LOWER, layer))).toEqual([
			"d/",
			"d/a (0:0)",
			"d/b: 2",
			"d/sub/",
			"d/sub/deep: 3",
			"top: 4",
		]);
	});
});

describe("what a layer has", () => {
	test("a directory on a directory joins them, with new metadata", async () => {
		const tree = await stack(LOWER, [entry("d/", { mode: 0o750, mtime: 5 }), entry("d/new")]);
		expect(tree.get("d")).toMatchObject({ mode: 0o750, mtimeNs: 5_000_000_000n });
		expect(tree.readdir("d")).toEqual(["a", "b", "new", "sub"]);
	});

	test("a directory that only paths imply leaves the lower one's metadata", async () => {
		const tree = await stack([entry("d/", { mode: 0o700, uid: 7 })], ["d/x", "e/f/g"]);
		expect(tree.get("d")).toMatchObject({ mode: 0o700, uid: 7 });
		expect(tree.get("e/f")).toMatchObject({ type: "directory", mode: 0o755, uid: 0, gid: 0, mtimeNs: 0n });
	});

	test.each<[string, string[], string[]]>([
		["a file replaces a directory", ["d"], ["d", "top: 4"]],
		["a symlink replaces a directory", ["d -> top"], ["d -> top", "top: 4"]],
		["a directory replaces a file", ["top/"], [...LOWER.slice(0, -1), "top/"]],
		["a path below a file replaces it", ["top/x"], [...LOWER.slice(0, -1), "top/", "top/x"]],
		[
			"absolute and dotted names are names",
			["/d/a: n", "././d//./b: m"],
			["d/", "d/a: n", "d/b: m", ...LOWER.slice(3)],
		],
	])("%s", async (_title, layer, expected) => {
		expect(lines(await stack(LOWER, layer))).toEqual(expected);
	});

	test("a directory takes the place of a lower symlink, which is not followed", async () => {
		const lower = ["usr/", "usr/lib/", "usr/lib/a", "lib -> usr/lib", "abs -> /", "up -> ../../.."];
		expect(lines(await stack(lower, ["lib/b", "abs/etc", "up/etc"]))).toEqual([
			"abs/",
			"abs/etc",
			"lib/",
			"lib/b",
			"up/",
			"up/etc",
			"usr/",
			"usr/lib/",
			"usr/lib/a",
		]);
	});

	test("the root's entry describes the root", async () => {
		expect((await stack([entry("./", { mode: 0o700, gid: 4 })], ["a"])).root).toMatchObject({
			mode: 0o700,
			gid: 4,
		});
	});

	test("devices, fifos and all metadata come through", async () => {
		const xattrs: [string, Uint8Array][] = [["user.x", Uint8Array.of(0, 255)]];
		const inodes = [
			device("block-device", { major: 7, minor: 200 }, { mode: 0o4711, uid: 3_000_000_000, xattrs }),
			fifo({ mtimeNs: -1n }),
		] as const;
		const tree = await stack([
			{ name: "blk", inode: inodes[0] },
			{ name: "pipe", inode: inodes[1] },
		]);
		expect([tree.get("blk"), tree.get("pipe")]).toEqual(inodes);
	});
});

describe("the lower tree", () => {
	test("stays as it was, whatever comes", async () => {
		const lower = await stack(LOWER, ["f: 5", "g = f"]);
		const before = lines(lower);
		const metadata = structuredClone(lower.get("d"));
		const upper = await applyLayer(lower, [
			entry("d/", { mode: 0o700 }),
			...entries("d/new", "d/sub/.wh.deep", "d/.wh.b", ".wh.top", "f/x", ".wh.none", "h = g"),
		]);
		expect(lines(lower)).toEqual(before);
		expect(lower.get("d")).toEqual(metadata);
		expect(lines(upper)).not.toEqual(before);
	});

	test("is shared where the layer leaves it alone", async () => {
		const lower = await stack(LOWER);
		const upper = await applyLayer(lower, entries("x"));
		expect(upper.get("d")).toBe(lower.get("d"));
		expect(upper.root).not.toBe(lower.root);
	});

	test("stays as it was when the layer fails", async () => {
		const lower = await stack(LOWER);
		await expect(applyLayer(lower, entries(".wh.d", "x = nowhere"))).rejects.toMatchObject({
			rule: "link-target",
		});
		expect(lines(lower)).toEqual(LOWER);
	});

	test("a layer that was read can be put over several trees", async () => {
		const layer = await readLayer(entries("d/x", "y = top"));
		const trees = [await stack(LOWER), await stack(["top: other"])];
		const results = await Promise.all(trees.map((tree) => applyLayer(tree, layer)));
		expect(results.map((tree) => lines(tree).at(-1))).toEqual(["y = top", "y = top"]);
		results[0]?.rm("d/x");
		expect(results[1]?.get("d/x")).toBeDefined();
	});
});

test("the deepest paths take no stack", async () => {
	const deep = "d/".repeat(2046);
	const lower = await applyLayer(new Tree(), entries(`${deep}a`, `${deep}b`));
	const upper = await applyLayer(lower, entries(`${deep}.wh.a`, `${deep}c`));
	expect(upper.readdir(deep)).toEqual(["b", "c"]);
	// Nor where little of it is left.
	const layer = await readLayer(entries(`${deep}.wh.a`, `${deep}c`));
	const within = (frames: number): unknown =>
		frames > 0 ? within(frames - 1) : [...layOver(lower.root, layer, false)];
	within(4000);
	const alone = await layerTree(layer, { lower });
	expect(alone.get(`${deep}a`)?.type).toBe("character-device");
});

test("a signal stops it", async () => {
	const failure = new AbortController();
	failure.abort(new Error("enough"));
	await expect(applyLayer(new Tree(), entries("a"), { signal: failure.signal })).rejects.toThrow("enough");
});

test("a large directory does not hold up the event loop", async () => {
	const many = Array.from({ length: 50_000 }, (_, number) => ({ name: `d/${number}`, inode: file() }));
	const lower = await applyLayer(new Tree(), many);
	const more = Array.from({ length: 50_000 }, (_, number) => ({
		name: `d/more-${number}`,
		inode: file(),
	}));
	const turns = await countTurns(async () => {
		const upper = await applyLayer(lower, [...entries("d/.wh.5", "d/new"), ...more]);
		expect(upper.readdir("d")).toHaveLength(100_000);
	});
	expect(turns).toBeGreaterThan(5);
});

test("bug: many whiteouts, and many links into lower layers, held up the event loop", async () => {
	const many = (line: (number: number) => string) =>
		Array.from({ length: 20_000 }, (_, number) => entry(line(number)));
	const { root } = await applyLayer(
		new Tree(),
		many((number) => `d/${number}`),
	);
	const steps = (layer: Layer) => [...layOver(root, layer, false)].length;
	expect(steps(await readLayer(many((number) => `link-${number} = d/${number}`)))).toBeGreaterThan(300);
	expect(steps(await readLayer(many((number) => `d/.wh.${number}`)))).toBeGreaterThan(200);
});
