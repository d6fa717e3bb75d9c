import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { bytesBlob, readBlob } from "../../../src/blob.ts";
import { RegistryClient, type RegistryOptions } from "../../../src/oci/registry/client.ts";
import type { Repository } from "../../../src/oci/registry/repository.ts";
import {
	type RegistrySettings,
	type RunningRegistry,
	startRegistry,
	USER,
} from "../../support/docker-registry.ts";
import { describeIf, findProgram } from "../../support/needs.ts";
import { describeBytes, sha256 } from "../../support/oci-image.ts";

const openssl = findProgram("openssl");
const program = findProgram("docker-registry");

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const layer = Buffer.alloc(300_000, "layer ");
const config = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}');
const manifest = Buffer.from(
	JSON.stringify({
		schemaVersion: 2,
		mediaType: MANIFEST,
		config: {
			mediaType: "application/vnd.oci.image.config.v1+json",
			digest: sha256(config),
			size: config.length,
		},
		layers: [
			{ mediaType: "application/vnd.oci.image.layer.v1.tar", digest: sha256(layer), size: layer.length },
		],
	}),
);

async function pushAll(repository: Repository, tag: string): Promise<void> {
	for (const bytes of [layer, config]) await repository.putBlob(describeBytes(bytes), bytesBlob(bytes));
	await repository.putManifest({ mediaType: MANIFEST, digest: sha256(manifest), bytes: manifest, tag });
}

for (const auth of ["open", "basic", "token"] as const) {
	const need = program && (auth !== "token" || openssl) ? program : undefined;
	describeIf(`docker-registry, ${auth}`, need, "docker-registry (or openssl) is not on PATH", (found) => {
		let registry: RunningRegistry;
		beforeAll(async () => {
			const settings: RegistrySettings = { auth, ...(openssl !== undefined && { openssl }) };
			registry = await startRegistry(found, settings);
		});
		afterAll(() => registry.close());

		const client = (options: RegistryOptions = {}) =>
			new RegistryClient({ plainHttp: "loopback", credentials: USER, backoffMs: 1, ...options });
		const anonymous = () => client({ credentials: async () => undefined });

		test("what was pushed comes back, by tag and digest", async () => {
			const repository = client().repository(`${registry.host}/some/image:one`);
			await pushAll(repository, "one");
			for (const reference of [undefined, "one", sha256(manifest)]) {
				const found = await repository.manifest(reference);
				expect([found.digest, found.mediaType]).toEqual([sha256(manifest), MANIFEST]);
				expect(found.bytes.equals(manifest)).toBe(true);
			}
			const blob = repository.blob(describeBytes(layer));
			expect((await readBlob(blob, { limit: 1 << 20 })).equals(layer)).toBe(true);
			const range = { start: 1000, end: 2001 };
			expect(await readBlob(blob, { limit: 1 << 20, range })).toEqual(layer.subarray(1000, 2001));
			expect(await repository.putBlob(describeBytes(layer), bytesBlob(layer))).toBe(true);
		});

		test("a thousand ranges", async () => {
			const repository = client().repository(`${registry.host}/some/image:one`);
			await pushAll(repository, "one");
			const blob = repository.blob(describeBytes(layer));
			const ranges = Array.from({ length: 1000 }, (_, at) => ({ start: at * 300, end: at * 300 + 100 }));
			const got = Buffer.alloc(layer.length);
			for await (const { offset, bytes } of blob.readRanges?.(ranges) ?? []) got.set(bytes, offset);
			for (const { start, end } of ranges)
				expect(got.subarray(start, end)).toEqual(layer.subarray(start, end));
		});

		test("no bytes at all, and many", async () => {
			const repository = client().repository(`${registry.host}/some/image`);
			for (const bytes of [Buffer.alloc(0), Buffer.alloc(1), Buffer.alloc(9_000_001, "x")]) {
				expect(await repository.putBlob(describeBytes(bytes), bytesBlob(bytes))).toBe(false);
				const read = await readBlob(repository.blob(describeBytes(bytes)), { limit: 1 << 24 });
				expect(read.equals(bytes)).toBe(true);
			}
		});

		test("what is not there", async () => {
			const repository = client().repository(`${registry.host}/some/other:one`);
			await expect(repository.manifest()).rejects.toMatchObject({
				code: "ERR_COMPOSEFS_REGISTRY",
				status: 404,
			});
		});

		if (auth !== "open")
			test("nobody pushes without credentials", async () => {
				const repository = anonymous().repository(`${registry.host}/some/image:two`);
				await expect(pushAll(repository, "two")).rejects.toMatchObject({
					code: "ERR_COMPOSEFS_REGISTRY",
					rule: "unauthorized",
				});
			});

		if (auth !== "open")
			test("a wrong password is refused", async () => {
				const wrong = client({ credentials: { username: USER.username, password: "wrong" } });
				await expect(wrong.repository(`${registry.host}/some/image:one`).manifest()).rejects.toMatchObject({
					rule: "unauthorized",
					status: 401,
				});
			});
	});
}

describe("without a registry", () => {
	test("nobody answers: one error, after the attempts", async () => {
		const client = new RegistryClient({ plainHttp: "loopback", retries: 1, backoffMs: 1 });
		await expect(client.repository("localhost:9/a:b").manifest()).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_REGISTRY",
			rule: "connection",
		});
	});
});
