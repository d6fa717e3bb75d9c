import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { BlobSource } from "../../../src/blob.ts";
import { cachedImage } from "../../../src/oci/copy/cached-image.ts";
import { copyImage } from "../../../src/oci/copy/copy.ts";
import { LayoutDestination } from "../../../src/oci/copy/layout-destination.ts";
import type { ResolvedImage } from "../../../src/oci/image.ts";
import { openLayout } from "../../../src/oci/layout.ts";
import { pullImage } from "../../../src/oci/pull.ts";
import { RegistryClient } from "../../../src/oci/registry/client.ts";
import type { Repository } from "../../../src/oci/registry/repository.ts";
import { ObjectStore } from "../../../src/store/store.ts";
import { writeImage } from "../../../src/write.ts";
import { type RunningRegistry, startRegistry, USER } from "../../support/docker-registry.ts";
import { useServers } from "../../support/http-server.ts";
import { describeIf, findProgram, sharedFolder } from "../../support/needs.ts";
import { imageOf } from "../../support/oci-image.ts";
import { proxyTo } from "../../support/registry-proxy.ts";
import { useTemporaryFolder } from "../../support/temporary.ts";

const temporary = useTemporaryFolder();
const serve = useServers();
const openssl = findProgram("openssl");
const program = openssl && findProgram("docker-registry");

/** Layers of some megabytes, which nothing can guess. */
const layers = Array.from({ length: 4 }, (_, index) => {
	let state = index + 1;
	return Buffer.from(
		Uint32Array.from({ length: 500_000 }, () => (state = (state * 1664525 + 1013904223) >>> 0)).buffer,
	);
});
const image = imageOf(layers);

/** The image as it is in a repository. */
async function pulled(repository: Repository): Promise<ResolvedImage> {
	const { bytes } = await repository.manifest();
	const { manifest, config } = image;
	const found = image.layers.map((layer) => ({ ...layer, blob: repository.blob(layer.descriptor) }));
	return { ...image, manifest: { ...manifest, bytes }, config, layers: found };
}

describeIf("a pull with tokens", program, "docker-registry or openssl is not on PATH", (found) => {
	let registry: RunningRegistry;
	const clientOf = (retries: number) =>
		new RegistryClient({ plainHttp: "loopback", credentials: USER, backoffMs: 1, retries });
	beforeAll(async () => {
		registry = await startRegistry(found, { auth: "token", openssl: openssl ?? "", tokenLifetime: 60 });
		await copyImage(image, clientOf(3).repository(`${registry.host}/some/image`), { tag: "t" });
	});
	afterAll(() => registry.close());

	const total = layers.reduce((sum, { length }) => sum + length, 0);
	const blobs = () => temporary("layout", "blobs", "sha256");
	/** Bytes of layers on disk, by digest; whole ones and parts. */
	const onDisk = () =>
		new Map(
			(existsSync(blobs()) ? readdirSync(blobs()) : []).flatMap((name) => {
				const digest = `sha256:${name.replace(/\..*/, "")}`;
				return image.layers.some(({ descriptor }) => descriptor.digest === digest)
					? [[digest, statSync(path.join(blobs(), name)).size] as const]
					: [];
			}),
		);

	test.each([1, 100_000, 3_000_000, total - 1])(
		"interrupted after %d bytes and begun again, transfers what is missing alone",
		async (bytes) => {
			/** With a client of its own, as another process has; returns the bytes of each layer that were sent. */
			const pull = async (left: number) => {
				const counts = new Map<string, number>();
				const proxy = await serve(proxyTo(registry.host, counts, { left }));
				const repository = clientOf(0).repository(`${proxy.host}/some/image:t`);
				const copy = copyImage(await pulled(repository), new LayoutDestination(temporary("layout")), {
					tag: "t",
				});
				return {
					counts,
					copied: await copy.then(
						() => true,
						({ rule }) => rule,
					),
				};
			};
			expect(await pull(bytes)).toMatchObject({ copied: "connection" });
			const before = onDisk();
			expect([...before.values()].reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(bytes);
			const { counts, copied } = await pull(Number.POSITIVE_INFINITY);
			expect(copied).toBe(true);
			for (const { digest, size } of image.manifest.value.layers)
				expect(counts.get(digest) ?? 0).toBe(size - (before.get(digest) ?? 0));
			expect(onDisk()).toEqual(
				new Map(image.layers.map(({ descriptor }) => [descriptor.digest, descriptor.size])),
			);
			expect((await pull(Number.POSITIVE_INFINITY)).counts.size).toBe(0);
		},
	);

	test("that breaks once goes on by itself", async () => {
		const counts = new Map<string, number>();
		const budget = { left: 3_000_000 };
		const handler = proxyTo(registry.host, counts, budget);
		const proxy = await serve((request, response) => {
			if (budget.left <= 0) budget.left = Number.POSITIVE_INFINITY;
			return handler(request, response);
		});
		const repository = clientOf(5).repository(`${proxy.host}/some/image:t`);
		await copyImage(await pulled(repository), new LayoutDestination(temporary("layout")));
		expect(onDisk()).toEqual(
			new Map(image.layers.map(({ descriptor }) => [descriptor.digest, descriptor.size])),
		);
		// What was on its way when the connection broke is sent again, and no more.
		const ranges = proxy.requests.filter(({ headers }) => headers.range !== undefined);
		expect(ranges.length).toBeGreaterThan(0);
	});

	test("copies from registry to registry, and what is there is not read", async () => {
		const repository = clientOf(1).repository(`${registry.host}/some/image:t`);
		const other = clientOf(1).repository(`${registry.host}/another/image`);
		const existed: boolean[] = [];
		const onBlob = (_blob: unknown, there: boolean) => void existed.push(there);
		await copyImage(await pulled(repository), other, { tag: "u", onBlob });
		expect(existed).toEqual([false, false, false, false, false]);
		expect((await other.manifest("u")).digest).toBe(image.manifest.descriptor.digest);
		const unread: BlobSource = {
			name: "x",
			size: async () => 0,
			read: () => {
				throw new Error("read");
			},
		};
		const blind = { ...image, layers: image.layers.map((layer) => ({ ...layer, blob: unread })) };
		await copyImage(blind, other, { tag: "v" });
	});
});

const images = sharedFolder && program && path.join(sharedFolder, "images");
describeIf("real images", images, "the shared folder, docker-registry or openssl is missing", (folder) => {
	let registry: RunningRegistry;
	beforeAll(async () => {
		registry = await startRegistry(program ?? "", { auth: "token", openssl: openssl ?? "" });
	});
	afterAll(() => registry.close());

	test("a pull gives one digest, from the layout, from the registry, and from what is kept of it", async () => {
		const client = new RegistryClient({ plainHttp: "loopback", credentials: USER });
		const repository = client.repository(`${registry.host}/pulled/base:l5`);
		const original = await (await openLayout(path.join(folder, "base"))).resolve("l5");
		await copyImage(original, repository, { tag: "l5" });
		const resolved = await repository.resolve();
		const kept = cachedImage(resolved, temporary("kept"));
		const store = await ObjectStore.open(temporary("store"), { verity: "off", sync: "never" });
		const digests: string[] = [];
		for (const found of [original, resolved, kept, kept]) {
			const tree = await pullImage(found, { store, profile: "oci" });
			digests.push((await writeImage(tree, { digestOnly: true })).digest);
		}
		expect(new Set(digests).size).toBe(1);
		await store[Symbol.asyncDispose]();
	});

	test.each([
		["base", "l5"],
		["zstd-chunked", "l5"],
		["hard-cases", "n1"],
	])("%s:%s goes to a registry and comes back the same", async (name, tag) => {
		const client = new RegistryClient({ plainHttp: "loopback", credentials: USER });
		const repository = client.repository(`${registry.host}/images/${name}:${tag}`);
		const layout = await openLayout(path.join(folder, name));
		const original = await layout.resolve(tag);
		await copyImage(original, repository); // to the tag of its reference
		// Each blob is checked on its way into the layout.
		const found = await repository.resolve();
		await copyImage(found, new LayoutDestination(temporary("layout")), { tag });
		const again = await (await openLayout(temporary("layout"))).resolve(tag);
		expect(again.manifest).toEqual(original.manifest);
		expect(again.config).toEqual(original.config);
	});
});

describe("copies", () => {
	test("of layers with wrong bytes have no manifest", async () => {
		const wrong = {
			...image,
			layers: image.layers.map((layer) => ({ ...layer, blob: image.layers[0]?.blob ?? layer.blob })),
		};
		await expect(copyImage(wrong, new LayoutDestination(temporary("layout")))).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_DIGEST",
		});
		expect(readdirSync(temporary("layout"))).toEqual(["blobs"]);
	});

	test.each(["", "a b", "-", "a\n", 5])(
		"bug: to the tag %j were made, which no tool can name",
		async (tag) => {
			const destination = new LayoutDestination(temporary("layout"));
			const refused = { code: "ERR_COMPOSEFS_ARGUMENT", rule: "tag" };
			await expect(copyImage(image, destination, { tag: tag as string })).rejects.toMatchObject(refused);
			const { mediaType, digest } = image.manifest.descriptor;
			const manifest = { mediaType, digest, bytes: image.manifest.bytes, tag: tag as string };
			await expect(destination.putManifest(manifest)).rejects.toMatchObject(refused);
			expect(existsSync(temporary("layout"))).toBe(false);
		},
	);

	test.each(["v1_", "_a__b", "registry.example:5000/base/image:v1", "a+b@c"])(
		"to the tag %s",
		async (tag) => {
			await copyImage(image, new LayoutDestination(temporary("layout")), { tag });
			expect(readFileSync(temporary("layout", "index.json"), "utf8")).toContain(tag);
		},
	);

	test("have the tag asked for, or none if that is null, or else the destination's own", async () => {
		const tags: unknown[] = [];
		const destination = {
			name: "destination",
			defaultTag: "own",
			putBlob: async () => true,
			putManifest: async ({ tag }: { readonly tag?: string | undefined }) => void tags.push(tag),
		};
		for (const tag of ["asked", null, undefined]) await copyImage(image, destination, { tag });
		expect(tags).toEqual(["asked", undefined, "own"]);
	});

	test("end with the signal", async () => {
		const controller = new AbortController();
		const reason = new Error("enough");
		const onBlob = () => controller.abort(reason);
		const copy = copyImage(image, new LayoutDestination(temporary("layout")), {
			onBlob,
			signal: controller.signal,
		});
		await expect(copy).rejects.toBe(reason);
	});

	test.each([0, -1, Number.NaN])("bug: with parallel %d it never ended", async (parallel) => {
		const copy = copyImage(image, new LayoutDestination(temporary("layout")), { parallel });
		await expect(copy).rejects.toMatchObject({ code: "ERR_COMPOSEFS_ARGUMENT", rule: "parallel" });
	});

	test("of a layer that is there twice read it once", async () => {
		let reads = 0;
		const bytes = layers[0] ?? Buffer.alloc(0);
		const twice = imageOf([bytes, bytes]);
		const blob: BlobSource = {
			name: "x",
			size: async () => bytes.length,
			read: async function* () {
				reads++;
				yield bytes;
			},
		};
		const counted = { ...twice, layers: twice.layers.map((layer) => ({ ...layer, blob })) };
		await copyImage(counted, new LayoutDestination(temporary("layout")));
		expect(reads).toBe(1);
		expect(readFileSync(temporary("layout", "index.json"), "utf8")).toContain(
			twice.manifest.descriptor.digest,
		);
	});
});
