/** Real images by their tables of contents, against the same images as a whole, and through a registry. */
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { countingFetch } from "../../../bench/loopback.ts";
import type { ResolvedImage, ResolvedLayer } from "../../../src/oci/image.ts";
import {
	copyImage,
	type LayerChoice,
	openLayout,
	type PullPlan,
	planPull,
	pullImage,
	RegistryClient,
} from "../../../src/oci/index.ts";
import { ObjectStore } from "../../../src/store/index.ts";
import { readToc } from "../../../src/toc/index.ts";
import type { Tree } from "../../../src/tree.ts";
import { writeImage } from "../../../src/write.ts";
import { type RunningRegistry, startRegistry } from "../../support/docker-registry.ts";
import { listing } from "../../support/listing.ts";
import { describeIf, findProgram, sharedFolder } from "../../support/needs.ts";
import { useTemporaryFolder } from "../../support/temporary.ts";

const temporary = useTemporaryFolder();
const digestOf = async (tree: Tree) => (await writeImage(tree, { digestOnly: true })).digest;

interface Pulled {
	readonly tree: Tree;
	readonly choices: LayerChoice[];
	/** Bytes of contents that came, by layer. */
	readonly came: number[];
}

async function pull(image: ResolvedImage, folder: string): Promise<Pulled> {
	await using store = await ObjectStore.open(folder, { sync: "never" });
	const choices: LayerChoice[] = [];
	const came: number[] = [];
	const tree = await pullImage(image, {
		store,
		onLayer: (choice) => choices.push(choice),
		onProgress: ({ layer, bytes }) => {
			came[layer] = bytes;
		},
	});
	expect(await store.missing(tree)).toEqual([]);
	return { tree, choices, came };
}

async function plan(image: ResolvedImage, folder: string): Promise<PullPlan> {
	await using store = await ObjectStore.open(folder);
	return await planPull(image, { store });
}

describeIf(
	"one image, by its tables and as a whole",
	sharedFolder,
	"no folder of further inputs",
	(shared) => {
		const resolve = async (name: string, tag: string) =>
			(await openLayout(path.join(shared, "images", name))).resolve(tag);

		test.each([
			["zstd-chunked", "l5"],
			["zstd-chunked-old", "l4"],
			["estargz", "l4"],
			["hard-cases-zstd-chunked", "n1"],
		])("%s:%s", async (name, tag) => {
			const base = name.startsWith("hard") ? "hard-cases" : "base";
			const whole = await pull(await resolve(base, tag), temporary("whole"));
			const image = await resolve(name, tag);
			const { tree, choices, came } = await pull(image, temporary("partial"));
			expect(choices.map(({ partial }) => partial)).toEqual(image.layers.map(() => true));
			expect(listing(tree)).toEqual(listing(whole.tree));
			expect(await digestOf(tree)).toBe(await digestOf(whole.tree));
			expect(came.reduce((sum, bytes) => sum + bytes, 0)).toBeGreaterThan(0);
			// Again, nothing is fetched.
			const again = await plan(image, temporary("partial"));
			expect(again).toMatchObject({ missing: 0, bytes: 0, fetched: 0, requests: 0 });
			const second = await pull(image, temporary("partial"));
			expect(second.came.every((bytes) => bytes === 0)).toBe(true);
			expect(await digestOf(second.tree)).toBe(await digestOf(whole.tree));
		});

		test("what another image brought is not fetched, in whatever form it came", async () => {
			await pull(await resolve("estargz", "l4"), temporary("store"));
			const found = await plan(await resolve("zstd-chunked", "l5"), temporary("store"));
			expect(found.layers.map(({ missing }) => missing)).toEqual([0, 0, 0, 0, expect.any(Number)]);
			expect(found.layers[4]?.missing).toBeGreaterThan(10);
		});
	},
);

const needed = sharedFolder && findProgram("docker-registry");
describeIf("a second version from docker-registry", needed, "no docker-registry, or no inputs", (program) => {
	const shared = sharedFolder as string;
	let registry: RunningRegistry;
	beforeAll(async () => {
		registry = await startRegistry(program, { auth: "open" });
	});
	afterAll(() => registry.close());

	/** An image from the registry, and the bytes of all answers to requests for blobs. */
	async function published(): Promise<{
		image: ResolvedImage;
		counted: { bytes: number; requests: number };
	}> {
		const counted = { bytes: 0, requests: 0 };
		const client = new RegistryClient({ plainHttp: "loopback", fetch: countingFetch(counted) });
		const repository = client.repository(`${registry.host}/partial:l5`);
		const layout = await openLayout(path.join(shared, "images", "zstd-chunked"));
		await copyImage(await layout.resolve("l5"), repository, { tag: "l5" });
		const image = await repository.resolve();
		counted.bytes = counted.requests = 0;
		return { image, counted };
	}

	test("transfers the missing ranges and the tables", async () => {
		const { image, counted } = await published();
		const first = { ...image, layers: image.layers.slice(0, 4) };
		await pull(first, temporary("store"));
		const before = counted.bytes;
		counted.bytes = counted.requests = 0;
		const planned = await plan(image, temporary("store"));
		const tables = counted.bytes;
		counted.bytes = counted.requests = 0;
		const { tree, came } = await pull(image, temporary("store"));
		expect(came[4]).toBe(planned.fetched);
		expect(tree.get("/")).toBeDefined();
		const transferred = counted.bytes;
		expect(transferred).toBeLessThanOrEqual(1.02 * ((await chunkBytesOf(image.layers[4])) + tables));
		expect(transferred).toBeLessThan(before / 20);
	});
});

/** Compressed bytes of all chunks of a layer's files, those of holes among them. */
async function chunkBytesOf(layer: ResolvedLayer | undefined): Promise<number> {
	if (layer === undefined) return 0;
	const toc = await readToc(layer.blob, { annotations: layer.descriptor.annotations });
	let bytes = 0;
	for (const { chunks } of toc?.files.values() ?? []) {
		const ranges = chunks.flatMap(({ range }) => range ?? []);
		bytes += (ranges.at(-1)?.end ?? 0) - (ranges[0]?.start ?? 0);
	}
	return bytes;
}
