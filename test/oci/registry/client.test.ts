import { describe, expect, test } from "@jest/globals";
import { readBlob } from "../../../src/blob.ts";
import { MEDIA_TYPES } from "../../../src/media-types.ts";
import { RegistryClient, type RegistryOptions } from "../../../src/oci/registry/client.ts";
import { type Handler, useServers } from "../../support/http-server.ts";
import { imageOf, sha256 } from "../../support/oci-image.ts";

const serve = useServers();
const image = imageOf([Buffer.from("one")]);
const manifest = Buffer.from(image.manifest.bytes);
const { digest } = image.manifest.descriptor;

const repositoryAt = (host: string, reference = "some/image:t", options: RegistryOptions = {}) => {
	const base = {
		plainHttp: "loopback",
		backoffMs: 1,
		retries: 1,
		credentials: async () => undefined,
	} as const;
	return new RegistryClient({ ...base, ...options }).repository(`${host}/${reference}`);
};

/** Documents by their paths below the repository. */
const documents =
	(found: Record<string, Uint8Array>): Handler =>
	(request, response) => {
		const bytes = found[(request.url ?? "").replace("/v2/some/image/", "")];
		if (bytes === undefined)
			response.writeHead(404).end('{"errors":[{"code":"UNKNOWN","message":"no\\u001b[31m"}]}');
		else response.setHeader("content-type", MEDIA_TYPES.manifest).end(bytes);
	};

const whole = {
	"manifests/t": manifest,
	[`manifests/${digest}`]: manifest,
	[`blobs/${image.config.descriptor.digest}`]: image.config.bytes,
};

describe("manifests", () => {
	test("are found by all types, and encoded as they are", async () => {
		const server = await serve(documents(whole));
		expect(await repositoryAt(server.host).manifest()).toMatchObject({
			digest,
			mediaType: MEDIA_TYPES.manifest,
		});
		const { accept = "", ...headers } = server.requests[0]?.headers ?? {};
		for (const type of ["index", "manifest", "dockerManifestList", "dockerManifest"] as const)
			expect(accept.split(", ")).toContain(MEDIA_TYPES[type]);
		expect(headers["accept-encoding"]).toBe("identity");
	});

	test.each<[string, Handler, object]>([
		["another digest", (_q, r) => r.end("{}"), { code: "ERR_COMPOSEFS_DIGEST", expected: digest }],
		[
			"another digest, which the registry names",
			(_q, r) => r.setHeader("docker-content-digest", sha256(Buffer.from("{}"))).end("{}"),
			{ code: "ERR_COMPOSEFS_DIGEST", expected: digest },
		],
		[
			"100 MB by their word",
			(_q, r) => r.writeHead(200, { "content-length": 1e8 }).write("{"),
			{ rule: "document-size" },
		],
		[
			"100 MB without a word",
			(_q, r) => {
				for (let i = 0; i < 100; i++) r.write(Buffer.alloc(1e6));
			},
			{ rule: "document-size" },
		],
		[
			"cut short",
			(_q, r) =>
				r.writeHead(200, { "content-length": 100 }).write("{", () => setImmediate(() => r.destroy())),
			{ rule: "connection" },
		],
		[
			"a web page",
			(_q, r) => r.setHeader("content-type", "text/html").end("<html>"),
			{ code: "ERR_COMPOSEFS_DIGEST" },
		],
		["stalled", (_q, r) => r.writeHead(200).write("{"), { rule: "stalled" }],
	])("with %s: one error", async (_title, handler, expected) => {
		const server = await serve(handler);
		const reading = repositoryAt(server.host, `some/image@${digest}`, { timeoutMs: 500 }).manifest();
		await expect(reading).rejects.toMatchObject({ name: "ComposefsError", ...expected });
	});

	test.each(["<html>", "5", "null", '"x"'])("of a tag that are %s", async (text) => {
		const server = await serve((_q, response) => response.end(text));
		await expect(repositoryAt(server.host).manifest()).rejects.toMatchObject({ rule: "document" });
	});

	test("of a tag are what the registry says they are", async () => {
		const server = await serve((_q, response) =>
			response.setHeader("docker-content-digest", sha256(Buffer.from("x"))).end(manifest),
		);
		await expect(repositoryAt(server.host).manifest()).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_DIGEST",
			actual: digest,
		});
	});

	test("bug: an empty name was a type of its own", async () => {
		const server = await serve((_q, response) =>
			response.setHeader("content-type", `${MEDIA_TYPES.manifest}; charset=utf-8`).end('{"mediaType":""}'),
		);
		expect((await repositoryAt(server.host).manifest()).mediaType).toBe(MEDIA_TYPES.manifest);
	});

	test("that are not there say what the registry says, in plain characters", async () => {
		const server = await serve(documents({}));
		await expect(repositoryAt(server.host).manifest()).rejects.toMatchObject({
			status: 404,
			message: `${server.url}/v2/some/image/manifests/t: answers 404 (UNKNOWN: no?[31m)`,
		});
	});

	test("are blobs, too, of which a part can be read", async () => {
		const server = await serve(documents(whole));
		const blob = repositoryAt(server.host).blob(image.manifest.descriptor);
		const range = { start: 2, end: 9 };
		expect(await readBlob(blob, { range, limit: 100 })).toEqual(manifest.subarray(2, 9));
		expect(await readBlob(blob, { limit: manifest.length })).toEqual(manifest);
	});

	test("of a mirror that lies come from the registry", async () => {
		const server = await serve(documents(whole));
		const mirror = await serve((_q, response) => response.end("{}"));
		const mirrors = { [server.host]: [mirror.host] };
		const found = await repositoryAt(server.host, `some/image@${digest}`, { mirrors }).manifest();
		expect([found.digest, mirror.requests.length]).toEqual([digest, 1]);
	});
});

describe("images", () => {
	test("are resolved: manifest and config once, layers not yet", async () => {
		const server = await serve(documents(whole));
		const resolved = await repositoryAt(server.host).resolve();
		expect(resolved.manifest.descriptor.digest).toBe(digest);
		expect(resolved.config.value).toEqual(image.config.value);
		expect(resolved.layers.map((layer) => layer.blob.name)).toEqual([
			`${server.host}/some/image@${image.layers[0]?.descriptor.digest}`,
		]);
		expect(server.requests.map(({ line }) => line)).toEqual([
			"GET /v2/some/image/manifests/t",
			`GET /v2/some/image/blobs/${image.config.descriptor.digest}`,
		]);
	});

	test("of an index are chosen by their platform, and read from where manifests are", async () => {
		const entry = { mediaType: MEDIA_TYPES.manifest, digest, size: manifest.length };
		const platforms = [
			{ ...entry, digest: sha256(Buffer.from("other")), platform: { os: "linux", architecture: "arm64" } },
			{ ...entry, platform: { os: "linux", architecture: "amd64" } },
		];
		const index = Buffer.from(
			JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests: platforms }),
		);
		const server = await serve(documents({ ...whole, "manifests/t": index }));
		const platform = { os: "linux", architecture: "amd64" };
		const resolved = await repositoryAt(server.host).resolve(undefined, { platform });
		expect(resolved.manifest.descriptor.digest).toBe(digest);
		expect(server.requests[1]?.line).toBe(`GET /v2/some/image/manifests/${digest}`);
		const missing = repositoryAt(server.host, "some/image:t").resolve({
			platform: { os: "linux", architecture: "s390x" },
		});
		await expect(missing).rejects.toMatchObject({ code: "ERR_COMPOSEFS_OCI", rule: "platform" });
	});
});

describe("a registry", () => {
	test("that lists referrers is asked for them", async () => {
		const referrer = { mediaType: MEDIA_TYPES.manifest, digest, size: 5, artifactType: "a/b" };
		const list = Buffer.from(
			JSON.stringify({ schemaVersion: 2, manifests: [referrer, { ...referrer, artifactType: "x" }] }),
		);
		const server = await serve(documents({ [`referrers/${digest}?artifactType=a%2Fb`]: list }));
		expect(await repositoryAt(server.host).referrers(digest, "a/b")).toEqual([
			expect.objectContaining(referrer),
		]);
	});

	test.each(["{", "{}", '{"schemaVersion":2,"manifests":[{}]}'])(
		"whose list of referrers is %s",
		async (text) => {
			const server = await serve((_q, response) => response.end(text));
			await expect(repositoryAt(server.host).referrers(digest, "a/b")).rejects.toMatchObject({
				code: "ERR_COMPOSEFS_OCI",
			});
		},
	);

	test.each([undefined, "http://127.0.0.1:1/elsewhere", "https://127.0.0.1/", "http://[broken"])(
		"that sends uploads to %s gets none",
		async (location) => {
			const server = await serve((request, response) => {
				if (request.method === "HEAD") response.writeHead(404).end();
				else response.writeHead(202, location === undefined ? {} : { location }).end();
			});
			const [layer] = image.layers;
			if (layer === undefined) throw new Error("no layer");
			await expect(repositoryAt(server.host).putBlob(layer.descriptor, layer.blob)).rejects.toMatchObject({
				rule: "upload",
			});
		},
	);

	test("is spoken to by TLS where nothing else is asked for", async () => {
		const server = await serve(documents(whole));
		const reading = repositoryAt(server.host, "some/image:t", { plainHttp: undefined }).manifest();
		await expect(reading).rejects.toMatchObject({
			rule: "no-tls",
			message: expect.stringMatching(/^https:.*: no TLS is spoken there; plain HTTP has to be allowed$/),
		});
		expect(server.requests).toHaveLength(0);
	});

	test.each(["toString", "hasOwnProperty"])("called %s is that host", async (host) => {
		const asked: string[] = [];
		const fetch = async ({ host: named }: URL) => {
			asked.push(named);
			return new Response("{}");
		};
		const client = new RegistryClient({ fetch, credentials: async () => undefined });
		await client.repository(`${host}/x`).manifest();
		expect(asked).toEqual([host.toLowerCase()]);
	});

	test.each([undefined, null, "text", new Error("of its own")])(
		"whose transport throws %s",
		async (thrown) => {
			const fetch = () => Promise.reject(thrown);
			const client = new RegistryClient({ fetch, retries: 0, credentials: async () => undefined });
			await expect(client.repository("h.example/x").manifest()).rejects.toMatchObject({ rule: "connection" });
		},
	);

	test("is asked through a transport of the caller's own", async () => {
		const asked: string[] = [];
		const fetch = async (url: URL) => {
			asked.push(url.href);
			return new Response(new Uint8Array(manifest), { status: 200 });
		};
		const client = new RegistryClient({ fetch, credentials: async () => undefined });
		expect((await client.repository("debian").manifest()).digest).toBe(digest);
		expect(asked).toEqual(["https://registry-1.docker.io/v2/library/debian/manifests/latest"]);
	});
});

test.each(["../../../secret/image/manifests/1", "a?b", "a#b", ".", "..", "", "%2e%2e/b", "sha256:1"])(
	"bug: %j, for a tag, led to another repository or page",
	async (reference) => {
		const server = await serve(documents(whole));
		const code = expect.stringMatching(/^ERR_COMPOSEFS_(?:ARGUMENT|OCI)$/);
		for (const way of ["manifest", "resolve"] as const)
			await expect(repositoryAt(server.host)[way](reference)).rejects.toMatchObject({ code });
		expect(server.requests).toHaveLength(0);
	},
);

test.each([
	{ registry: "h.example", repository: "../../secret" },
	{ registry: "h.example", repository: "a", tag: "../b" },
	{ registry: "user:password@h.example", repository: "a" },
	{ registry: "h.example", repository: "a", digest: "sha256:../b" },
])("bug: a reference of such parts was taken for one: %j", (reference) => {
	expect(() => new RegistryClient().repository(reference)).toThrow(
		expect.objectContaining({ code: "ERR_COMPOSEFS_REFERENCE" }),
	);
});

describe("options", () => {
	test.each<[RegistryOptions]>([
		[{ retries: -1 }],
		[{ timeoutMs: 1.5 }],
		[{ backoffMs: Number.NaN }],
		[{ mirrors: { a: ["https://b/c"] } }],
		[{ mirrors: { a: "b" as never } }],
		[{ mirrors: { a: [5 as never] } }],
		[{ mirrors: { a: ["b/../c"] } }],
		[{ plainHttp: "everywhere" as never }],
		[{ trustedRealms: "auth.example" as never }],
		[{ trustedRealms: ["https://auth.example"] }],
		["localhost:5000" as never],
		[null as never],
		[{ plainHTTP: "loopback" } as never],
		[{ credentials: 5 as never }],
		[{ credentials: null as never }],
		[{ credentials: { username: "u" } as never }],
		[{ credentials: { registryToken: 5 as never } }],
	])("%j make no sense", (options) => {
		expect(() => new RegistryClient(options)).toThrow(
			expect.objectContaining({ code: "ERR_COMPOSEFS_ARGUMENT" }),
		);
	});
});
