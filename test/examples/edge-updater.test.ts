import { existsSync, mkdirSync, readdirSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { bytesBlob } from "../../src/blob.ts";
import { readImage } from "../../src/image/index.ts";
import { MEDIA_TYPES } from "../../src/media-types.ts";
import { pullImage, RegistryClient } from "../../src/oci/index.ts";
import type { Repository } from "../../src/oci/registry/repository.ts";
import { SEAL_KEYS } from "../../src/oci/sealing/seal.ts";
import { ObjectStore } from "../../src/store/index.ts";
import { writeImage } from "../../src/write.ts";
import { type ChunkedLayer, chunkedImage, chunkedLayer } from "../support/chunked-layer.ts";
import { type RunningRegistry, startRegistry } from "../support/docker-registry.ts";
import { describeIf, findProgram } from "../support/needs.ts";
import { describeBytes } from "../support/oci-image.ts";
import { runExample } from "../support/run-example.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();

describe("edge-updater", () => {
	test("of nothing tells its usage, of what is no image why", () => {
		expect(runExample("edge-updater", [], at())).toMatchObject({ ended: 2 });
		const { ended, stderr } = runExample("edge-updater", ["not//a reference", "out"], at());
		expect([ended, stderr]).toEqual([1, expect.stringMatching(/^ERR_COMPOSEFS_REFERENCE: /)]);
	});
});

/** Versions of an application: most of it is the same in each. */
function version(number: number): ChunkedLayer {
	const shared = Array.from({ length: 20 }, (_, n) => ({
		name: `usr/lib/part-${n}`,
		content: Buffer.alloc(10_000, `part ${n} `),
	}));
	const own = { name: "usr/bin/app", content: Buffer.alloc(3000, `version ${number} `) };
	return chunkedLayer([...shared, own], { format: "zstd:chunked" });
}

/** What the image of a version has to be, found out by pulling it elsewhere. */
async function digestOf(layer: ChunkedLayer): Promise<string> {
	await using store = await ObjectStore.open(at("elsewhere"));
	const tree = await pullImage(chunkedImage(layer), { store, profile: "oci" });
	return (await writeImage(tree, { digestOnly: true, minVersion: 1 })).digest;
}

async function push(repository: Repository, layer: ChunkedLayer, annotations: object): Promise<void> {
	const rootfs = { type: "layers", diff_ids: [layer.diffId] };
	const config = Buffer.from(JSON.stringify({ os: "linux", architecture: "amd64", rootfs }));
	await repository.putBlob(layer.descriptor, bytesBlob(layer.bytes));
	await repository.putBlob(describeBytes(config), bytesBlob(config));
	const { digest, size } = layer.descriptor;
	const own = Object.fromEntries(layer.descriptor.annotations);
	const manifest = Buffer.from(
		JSON.stringify({
			schemaVersion: 2,
			mediaType: MEDIA_TYPES.manifest,
			config: { mediaType: MEDIA_TYPES.config, digest: describeBytes(config).digest, size: config.length },
			layers: [{ mediaType: MEDIA_TYPES.layerZstd, digest, size, annotations: own }],
			annotations,
		}),
	);
	const { digest: named } = describeBytes(manifest);
	await repository.putManifest({
		mediaType: MEDIA_TYPES.manifest,
		digest: named,
		bytes: manifest,
		tag: "stable",
	});
}

const program = findProgram("docker-registry");
describeIf("edge-updater, from a registry", program, "docker-registry is not on PATH", (found) => {
	let registry: RunningRegistry;
	beforeAll(async () => {
		registry = await startRegistry(found, { auth: "open" });
	});
	afterAll(() => registry.close());

	const reference = () => `${registry.host}/app:stable`;
	const run = (...args: string[]) => runExample("edge-updater", [reference(), "device", ...args], at());
	const publish = async (layer: ChunkedLayer, seal?: string) => {
		const repository = new RegistryClient({ plainHttp: "loopback" }).repository(reference());
		await push(repository, layer, seal === undefined ? {} : { [SEAL_KEYS.merged]: seal });
	};
	const link = (name: string) => readlinkSync(at("device", name));
	/** Fetched and all bytes, as printed. */
	const bytes = (stdout: string) =>
		(/fetching ([\d,]+) of ([\d,]+) bytes/.exec(stdout) ?? [])
			.slice(1)
			.map((text) => Number(text.replaceAll(",", "")));

	test("installs, fetches what changed alone, keeps the version before, forgets the one before that", async () => {
		const layers = [1, 2, 3].map(version);
		const links: string[] = [];
		for (const [index, layer] of layers.entries()) {
			const digest = await digestOf(layer);
			await publish(layer, digest);
			const { ended, stdout, stderr } = run();
			expect({ ended, stderr }).toEqual({ ended: 0, stderr: "" });
			expect(stdout).toContain(`is ${digest}; ${index === 2 ? 1 : 0} objects removed`);
			const [fetched = 0, all = 0] = bytes(stdout);
			expect(all).toBe(layer.descriptor.size);
			// A frame of a file's 3,000 bytes; the first time all files.
			expect(fetched).toBeGreaterThan(index === 0 ? 200_000 : 3000);
			expect(fetched).toBeLessThan(index === 0 ? 210_000 : 3100);
			links.push(link("current"));
			const app = (await readImage(at("device/current"))).get("/usr/bin/app");
			expect(app).toMatchObject({ type: "file", size: 3000 });
		}
		expect(new Set(links).size).toBe(3);
		expect(link("previous")).toBe(links[1]);
		expect(
			readdirSync(at("device/images"))
				.map((name) => `images/${name}`)
				.sort(),
		).toEqual(links.slice(1).sort());
		const store = await ObjectStore.open(at("device/objects"));
		for (const name of ["current", "previous"]) expect(await store.missing(at("device", name))).toEqual([]);
		await store.close();
		expect(run()).toEqual({ ended: 0, stdout: `${reference()} is up to date\n`, stderr: "" });
	});

	test("installs nothing that is not what it should be, or that nobody vouches for", async () => {
		const first = version(1);
		await publish(first, await digestOf(first));
		expect(run()).toMatchObject({ ended: 0 });
		const before = link("current");
		const layer = version(2);
		await publish(layer, "0".repeat(64));
		expect(run()).toMatchObject({ ended: 3, stderr: expect.stringMatching(/^ERR_COMPOSEFS_DIGEST: /) });
		await publish(layer);
		expect(run()).toMatchObject({
			ended: 3,
			stderr: expect.stringMatching(/^ERR_COMPOSEFS_SEAL: .*no seal/),
		});
		expect(run("--digest", "1".repeat(64))).toMatchObject({ ended: 3 });
		expect([link("current"), existsSync(at("device/images/next.cfs"))]).toEqual([before, false]);
		expect(run("--digest", await digestOf(layer))).toMatchObject({ ended: 0 });
		expect(link("previous")).toBe(before);
	});

	test("goes on after it was interrupted between two steps", async () => {
		const layer = version(1);
		await publish(layer, await digestOf(layer));
		mkdirSync(at("device/images"), { recursive: true });
		writeFileSync(at("device/images/next.cfs"), "half an image");
		symlinkSync("images/nothing", at("device/current.new"));
		expect(run()).toMatchObject({ ended: 0, stderr: "" });
		expect((await readImage(at("device/current"))).get("/usr/bin/app")).toMatchObject({ size: 3000 });
	});
});
