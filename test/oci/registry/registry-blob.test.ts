import { describe, expect, test } from "@jest/globals";
import { RegistryClient } from "../../../src/oci/registry/client.ts";
import { type Handler, useServers } from "../../support/http-server.ts";
import { answer, asked, blobAt, bytes, descriptor, readAll } from "../../support/registry-blob.ts";

const serve = useServers();

describe("connections that break", () => {
	test("after each byte: the rest is asked for, and nothing twice", async () => {
		const breaks: Handler = (request, response) => {
			const [start, last] = asked(request)[0] ?? [0, bytes.length - 1];
			const headers = {
				"content-length": last + 1 - start,
				"content-range": `bytes ${start}-${last}/${bytes.length}`,
			};
			response.writeHead(start === 0 ? 200 : 206, headers);
			const whole = bytes.subarray(start, last + 1);
			if (start > 0) response.end(whole);
			else {
				sent = breakAt;
				response.write(whole.subarray(0, breakAt), () => setImmediate(() => response.destroy()));
				if (breakAt === 0) response.flushHeaders();
			}
		};
		let breakAt = 0;
		let sent = 0;
		const server = await serve(breaks);
		const client = new RegistryClient({
			plainHttp: "loopback",
			backoffMs: 0,
			credentials: async () => undefined,
		});
		const repository = client.repository(`${server.host}/some/image`);
		for (breakAt = 1; breakAt < bytes.length; breakAt += 3) {
			server.requests.length = 0;
			expect((await readAll(repository.blob(descriptor))).equals(bytes)).toBe(true);
			expect(sent).toBe(breakAt);
			expect(server.requests.map(({ headers }) => headers.range)).toEqual([
				undefined,
				`bytes=${breakAt}-${bytes.length - 1}`,
			]);
		}
	});

	test("again and again: one error, after the attempts", async () => {
		const server = await serve((request, response) => {
			const [start, last] = asked(request)[0] ?? [0, bytes.length - 1];
			const headers = {
				"content-length": last + 1 - start,
				"content-range": `bytes ${start}-${last}/${bytes.length}`,
			};
			response.writeHead(start === 0 ? 200 : 206, headers);
			response.write(bytes.subarray(start, start + 1), () => setImmediate(() => response.destroy()));
		});
		await expect(readAll(blobAt(server.host, { retries: 3 }))).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_REGISTRY",
			rule: "connection",
		});
		expect(server.requests).toHaveLength(4);
	});

	test("bug: behind the last byte, they were an error of what was there", async () => {
		const server = await serve((_request, response) => {
			response.writeHead(200).write(bytes, () => setImmediate(() => response.destroy()));
		});
		expect((await readAll(blobAt(server.host, { retries: 0 }))).equals(bytes)).toBe(true);
		expect(server.requests).toHaveLength(1);
	});

	test("a server without ranges begins anew, and the blob is whole", async () => {
		let breaks = 2;
		const server = await serve((_request, response) => {
			response.writeHead(200, { "content-length": bytes.length });
			if (breaks-- > 0) response.write(bytes.subarray(0, 100), () => setImmediate(() => response.destroy()));
			else response.end(bytes);
		});
		expect((await readAll(blobAt(server.host))).equals(bytes)).toBe(true);
	});

	test("another blob meanwhile is noticed by its etag", async () => {
		let count = 0;
		const server = await serve((request, response) => {
			response.setHeader("etag", `"${count++}"`);
			if (count > 1) return answer(request, response);
			response.writeHead(200, { "content-length": bytes.length });
			response.write(bytes.subarray(0, 100), () => setImmediate(() => response.destroy()));
		});
		await expect(readAll(blobAt(server.host))).rejects.toMatchObject({ rule: "changed" });
	});
});

describe("registries that lie", () => {
	test.each<[string, Handler, object]>([
		["fewer bytes, by its word", (_q, r) => r.end("short"), { rule: "blob-size", limit: 700, actual: 5 }],
		["more bytes, by its word", (_q, r) => r.end(Buffer.alloc(701)), { rule: "blob-size", actual: 701 }],
		[
			"more bytes, without a word",
			(_q, r) => {
				r.write(bytes);
				r.end("more");
			},
			{ rule: "blob-size" },
		],
		[
			"fewer bytes, without a word",
			(_q, r) => {
				r.write(bytes.subarray(0, 5));
				r.end();
			},
			{ rule: "truncated" },
		],
		["other bytes", (_q, r) => r.end(Buffer.alloc(700)), { code: "ERR_COMPOSEFS_DIGEST" }],
		["a web page", (_q, r) => r.setHeader("content-type", "text/html").end("<html>"), { rule: "html" }],
		[
			"a web page with status 404",
			(_q, r) => r.writeHead(404).end("<html>"),
			{ rule: "status", status: 404 },
		],
		["encoded", (_q, r) => r.setHeader("content-encoding", "gzip").end(bytes), { rule: "content-encoding" }],
		["206 without a range", (_q, r) => r.writeHead(206).end(bytes), { rule: "range" }],
		[
			"206 of another blob",
			(_q, r) => r.writeHead(206, { "content-range": "bytes 0-699/800" }).end(bytes),
			{ rule: "range" },
		],
		[
			"206 of more than there is",
			(_q, r) => r.writeHead(206, { "content-range": "bytes 0-799/*" }).end(Buffer.alloc(800)),
			{ rule: "range" },
		],
		["nothing at all", (_q, r) => r.destroy(), { rule: "connection" }],
		["status 500", (_q, r) => r.writeHead(500).end(), { rule: "status", status: 500 }],
		["status 418", (_q, r) => r.writeHead(418).end(), { rule: "status", status: 418 }],
		["status 204", (_q, r) => r.writeHead(204).end(), { rule: "status", status: 204 }],
	])("%s: one clear error", async (_title, handler, expected) => {
		const server = await serve(handler);
		const reading = readAll(blobAt(server.host, { retries: 1 }));
		await expect(reading).rejects.toMatchObject({ name: "ComposefsError", ...expected });
	});

	test("a page of the very length is known by its digest", async () => {
		const server = await serve((_request, response) =>
			response.setHeader("content-type", "text/html").end(bytes),
		);
		expect((await readAll(blobAt(server.host))).equals(bytes)).toBe(true);
	});

	test.each(["before its answer", "within it"])("stalls %s", async (when) => {
		const server = await serve((_request, response) => {
			if (when === "within it")
				response.writeHead(200, { "content-length": bytes.length }).write(bytes.subarray(0, 5));
		});
		await expect(readAll(blobAt(server.host, { timeoutMs: 50, retries: 1 }))).rejects.toMatchObject({
			rule: "stalled",
			limit: 50,
		});
	});

	test("429 is waited for as long as it says", async () => {
		let count = 0;
		const server = await serve((request, response) => {
			if (count++ > 0) answer(request, response);
			else response.writeHead(429, { "retry-after": "1" }).end();
		});
		const begin = performance.now();
		expect((await readAll(blobAt(server.host))).equals(bytes)).toBe(true);
		expect(performance.now() - begin).toBeGreaterThanOrEqual(990);
	});

	test("429 for an hour is an error", async () => {
		const server = await serve((_request, response) =>
			response.writeHead(429, { "retry-after": "3600" }).end(),
		);
		await expect(readAll(blobAt(server.host))).rejects.toMatchObject({ rule: "status", status: 429 });
		expect(server.requests).toHaveLength(1);
	});
});

describe("signals", () => {
	test.each(["before", "while waiting", "while reading", "while waiting to try again"])(
		"%s",
		async (when) => {
			const server = await serve((_request, response) => {
				if (when === "while waiting to try again") response.writeHead(503).end();
				if (when === "while reading")
					response.writeHead(200, { "content-length": 700 }).write(bytes.subarray(0, 5));
			});
			const controller = new AbortController();
			const reason = new Error("enough");
			if (when === "before") controller.abort(reason);
			else setTimeout(() => controller.abort(reason), 50);
			const blob = blobAt(server.host, { backoffMs: 60_000 });
			await expect(readAll(blob, controller.signal)).rejects.toBe(reason);
		},
	);

	test("a reader who stops lets go of the connection", async () => {
		let closed = () => {};
		const ended = new Promise<void>((resolve) => {
			closed = resolve;
		});
		const server = await serve((_request, response) => {
			response.on("close", closed);
			response.writeHead(200, { "content-length": 700 }).write(bytes.subarray(0, 5));
		});
		for await (const _piece of blobAt(server.host).read()) break;
		await ended;
	});
});
