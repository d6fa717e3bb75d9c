import { describe, expect, test } from "@jest/globals";
import { bytesBlob, readBlob } from "../../../src/blob.ts";
import { RegistryClient } from "../../../src/oci/registry/client.ts";
import { type Handler, useServers } from "../../support/http-server.ts";
import { answer, blobAt, bytes, descriptor, digest, readAll } from "../../support/registry-blob.ts";

const serve = useServers();

describe("redirects", () => {
	const credentials = { username: "user", password: "secret" };
	const needsPassword =
		(then: Handler): Handler =>
		(request, response) => {
			if (request.headers.authorization !== undefined) return then(request, response);
			response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
		};

	test("to another server carry no credentials, but the range", async () => {
		const storage = await serve(answer);
		const target = `${storage.url}/blob?signature=x`;
		const server = await serve(
			needsPassword((_q, response) => response.writeHead(307, { location: target }).end()),
		);
		const range = { start: 100, end: 200 };
		expect(await readBlob(blobAt(server.host, { credentials }), { limit: 1000, range })).toEqual(
			bytes.subarray(100, 200),
		);
		expect(
			storage.requests.map(({ headers }) => [headers.authorization, headers.cookie, headers.range]),
		).toEqual([[undefined, undefined, "bytes=100-199"]]);
	});

	test("there and back again carry none either", async () => {
		const server = await serve(
			needsPassword((request, response) => {
				if (request.url === "/back") answer(request, response);
				else response.writeHead(307, { location: `${other.url}/there` }).end();
			}),
		);
		const other = await serve((_q, response) =>
			response.writeHead(307, { location: `${server.url}/back` }).end(),
		);
		await readAll(blobAt(server.host, { credentials })).catch(() => undefined);
		const back = server.requests.filter(({ line }) => line === "GET /back");
		expect(back[0]?.headers.authorization).toBeUndefined();
		expect(other.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true);
	});

	test("a password that another server asks for is not given", async () => {
		const storage = await serve((_q, response) =>
			response.writeHead(401, { "www-authenticate": "Basic realm=x" }).end(),
		);
		const server = await serve((_q, response) =>
			response.writeHead(307, { location: `${storage.url}/x` }).end(),
		);
		await expect(readAll(blobAt(server.host, { credentials }))).rejects.toMatchObject({
			rule: "unauthorized",
			status: 401,
		});
		expect(storage.requests).toHaveLength(1);
	});

	test("within the server keep them", async () => {
		const server = await serve(
			needsPassword((request, response) =>
				request.url === "/there"
					? answer(request, response)
					: response.writeHead(302, { location: "/there" }).end(),
			),
		);
		expect((await readAll(blobAt(server.host, { credentials }))).equals(bytes)).toBe(true);
	});

	test("in a loop: one error", async () => {
		const server = await serve((request, response) =>
			response.writeHead(307, { location: request.url }).end(),
		);
		await expect(readAll(blobAt(server.host))).rejects.toMatchObject({ rule: "redirect", limit: 5 });
		expect(server.requests).toHaveLength(6);
	});

	test.each([
		["ftp://host.example/x", "plain-http"],
		["file:///etc/passwd", "plain-http"],
		["http://user:password@localhost/x", "redirect"],
		["http://:password@localhost/x", "redirect"],
		["http://[broken", "redirect"],
		["http://host.example/x", "plain-http"],
	])("to %s are refused", async (location, rule) => {
		const server = await serve((_q, response) => response.writeHead(302, { location }).end());
		await expect(readAll(blobAt(server.host))).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_REGISTRY",
			rule,
		});
	});

	test("secrets of a URL are in no message", async () => {
		const storage = await serve((_q, response) => response.writeHead(403).end());
		const server = await serve((_q, r) =>
			r.writeHead(307, { location: `${storage.url}/x?token=secret` }).end(),
		);
		const error = await readAll(blobAt(server.host)).catch((reason) => reason);
		expect(error.message).toContain(`${storage.url}/x`);
		expect(error.message).not.toContain("secret");
	});

	test("bug: secrets of a manifest's URL, and of an upload's, were in messages", async () => {
		const storage = await serve((_q, response) => response.end("{}"));
		const server = await serve(({ method }, response) => {
			if (method === "HEAD") return response.writeHead(404).end();
			const location = `http://user:secret@${server.host}/up?state=secret`;
			if (method === "POST") return response.writeHead(202, { location }).end();
			return response.writeHead(307, { location: `${storage.url}/x?token=secret` }).end();
		});
		const client = new RegistryClient({
			plainHttp: "loopback",
			backoffMs: 1,
			credentials: async () => undefined,
		});
		const repository = client.repository(`${server.host}/some/image`);
		for (const [work, code] of [
			[() => repository.manifest(digest), "ERR_COMPOSEFS_DIGEST"],
			[() => repository.putBlob(descriptor, bytesBlob(bytes)), "ERR_COMPOSEFS_REGISTRY"],
		] as const) {
			const error = await work().catch((reason) => reason);
			expect(error).toMatchObject({ code });
			expect(error.message).not.toContain("secret");
		}
		expect(server.requests.filter(({ line }) => line.startsWith("POST"))).toHaveLength(1);
	});
});

describe("mirrors", () => {
	const mirrored = (host: string, mirrors: string[]) =>
		blobAt(host, { retries: 0, mirrors: { [host]: mirrors } });

	test("are asked first, in their folder", async () => {
		const server = await serve(answer);
		const mirror = await serve(answer);
		expect((await readAll(mirrored(server.host, [`${mirror.host}/folder`]))).equals(bytes)).toBe(true);
		expect(server.requests).toHaveLength(0);
		expect(mirror.requests.map(({ line }) => line)).toEqual([`GET /v2/folder/some/image/blobs/${digest}`]);
	});

	test("what they lack, or break off, comes from the next", async () => {
		const server = await serve(answer);
		const empty = await serve((_q, response) => response.writeHead(404).end());
		const breaks = await serve((_q, response) => {
			response.writeHead(200, { "content-length": bytes.length });
			response.write(bytes.subarray(0, 100), () => setImmediate(() => response.destroy()));
		});
		expect((await readAll(mirrored(server.host, [empty.host, breaks.host]))).equals(bytes)).toBe(true);
		expect(server.requests.map(({ headers }) => headers.range)).toEqual(["bytes=100-699"]);
	});
});
