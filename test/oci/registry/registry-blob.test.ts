import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, expect, test } from "@jest/globals";
import { type BlobSource, type ByteRange, readBlob } from "../../../src/blob.ts";
import { RegistryClient, type RegistryOptions } from "../../../src/oci/registry/client.ts";
import { verifiedBlob } from "../../../src/oci/verified.ts";
import { type Handler, useServers } from "../../support/http-server.ts";

const bytes = Buffer.from(Array.from({ length: 700 }, (_, index) => (index * 7) % 251));
const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const descriptor = {
	mediaType: "application/octet-stream",
	digest,
	size: bytes.length,
	annotations: new Map(),
};
const serve = useServers();

function blobAt(host: string, options: RegistryOptions = {}): BlobSource {
	const client = new RegistryClient({
		plainHttp: "loopback",
		backoffMs: 1,
		credentials: async () => undefined,
		...options,
	});
	return client.repository(`${host}/some/image`).blob(descriptor);
}

const readAll = (blob: BlobSource, signal?: AbortSignal) =>
	readBlob(verifiedBlob(blob, digest, bytes.length), { limit: 1 << 20, signal });

async function readRanges(blob: BlobSource, ranges: readonly ByteRange[]): Promise<Buffer> {
	const pieces: Uint8Array[] = [];
	let at = -1;
	for await (const piece of blob.readRanges?.(ranges) ?? []) {
		expect(piece.offset).toBeGreaterThan(at);
		at = piece.offset + piece.bytes.length - 1;
		pieces.push(piece.bytes);
	}
	return Buffer.concat(pieces);
}

/** What a request asks for, as [start, end]. */
function asked({ headers }: IncomingMessage): [number, number][] {
	const [, list] = /^bytes=(.*)$/.exec(headers.range ?? "") ?? [];
	return list?.split(",").map((range) => range.split("-").map(Number) as [number, number]) ?? [];
}

/** A server that knows single ranges. */
function answer(request: IncomingMessage, response: ServerResponse, content: Uint8Array = bytes): void {
	const [range] = asked(request);
	if (range === undefined) {
		response.writeHead(200, { "content-length": content.length });
		response.end(content);
		return;
	}
	const [start, last] = range;
	const part = content.subarray(start, last + 1);
	response.writeHead(206, {
		"content-length": part.length,
		"content-range": `bytes ${start}-${last}/${content.length}`,
	});
	response.end(part);
}

const RANGES = Array.from({ length: 30 }, (_, index) => ({ start: index * 20, end: index * 20 + 7 }));
const expectedRanges = Buffer.concat(RANGES.map(({ start, end }) => bytes.subarray(start, end)));

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

describe("ranges", () => {
	test("no bytes need no request", async () => {
		const server = await serve(answer);
		const blob = blobAt(server.host);
		expect(await readBlob(blob, { limit: 5, range: { start: 5, end: 5 } })).toHaveLength(0);
		expect(await readRanges(blob, [])).toHaveLength(0);
		expect(server.requests).toHaveLength(0);
		expect(await blob.size()).toBe(bytes.length);
	});

	test.each([400, 413, 414, 416, 431, 501])(
		"status %d for several: each by itself, and never asked again",
		async (status) => {
			/** Answers that wait until four are asked for, or the last. */
			const waiting: (() => void)[] = [];
			let begun = 0;
			let most = 0;
			const server = await serve((request, response) => {
				if (asked(request).length > 1) return response.writeHead(status).end();
				most = Math.max(
					most,
					waiting.push(() => answer(request, response)),
				);
				begun++;
				if (waiting.length < 4 && begun % RANGES.length > 0) return;
				for (const go of waiting.splice(0)) go();
			});
			const blob = blobAt(server.host);
			expect((await readRanges(blob, RANGES)).equals(expectedRanges)).toBe(true);
			expect(server.requests).toHaveLength(1 + RANGES.length);
			expect(most).toBe(4);
			expect((await readRanges(blob, RANGES)).equals(expectedRanges)).toBe(true);
			expect(server.requests).toHaveLength(1 + 2 * RANGES.length);
		},
	);

	test("the whole blob instead: it is cut, from one answer", async () => {
		const server = await serve((_request, response) => response.end(bytes));
		expect((await readRanges(blobAt(server.host), RANGES)).equals(expectedRanges)).toBe(true);
		expect(server.requests).toHaveLength(1);
	});

	test("the whole blob, where each range was asked for", async () => {
		const server = await serve((request, response) =>
			asked(request).length > 1 ? response.writeHead(501).end() : response.end(bytes),
		);
		expect((await readRanges(blobAt(server.host), RANGES)).equals(expectedRanges)).toBe(true);
		expect(server.requests.length).toBeLessThanOrEqual(5);
	});

	test("only the first of several: the others by themselves", async () => {
		const server = await serve((request, response) => answer(request, response));
		expect((await readRanges(blobAt(server.host), RANGES)).equals(expectedRanges)).toBe(true);
		expect(server.requests).toHaveLength(RANGES.length);
	});

	/** Parts in the order given. */
	const parts = (ranges: readonly [number, number][]) =>
		Buffer.concat([
			...ranges.flatMap(([start, last]) => [
				Buffer.from(`\r\n--B\r\nContent-Range: bytes ${start}-${last}/${bytes.length}\r\n\r\n`),
				bytes.subarray(start, last + 1),
			]),
			Buffer.from("\r\n--B--\r\n"),
		]);
	const multipart = { "content-type": "multipart/byteranges; boundary=B" };

	test("parts in another order: each by itself", async () => {
		const server = await serve((request, response) => {
			const ranges = asked(request);
			if (ranges.length === 1) return answer(request, response);
			response.writeHead(206, multipart).end(parts(ranges.reverse()));
		});
		expect((await readRanges(blobAt(server.host), RANGES)).equals(expectedRanges)).toBe(true);
	});

	test("neighbours that the server has put together", async () => {
		const server = await serve((_request, response) =>
			response.writeHead(206, multipart).end(
				parts([
					[0, 299],
					[300, 699],
				]),
			),
		);
		expect((await readRanges(blobAt(server.host), RANGES)).equals(expectedRanges)).toBe(true);
		expect(server.requests).toHaveLength(1);
	});

	test("broken between parts: what is left is asked for", async () => {
		let count = 0;
		const server = await serve((request, response) => {
			const ranges = asked(request);
			if (count++ > 0) return response.writeHead(206, multipart).end(parts(ranges));
			const half = parts(ranges).subarray(0, 500);
			response.writeHead(206, multipart).write(half, () => setImmediate(() => response.destroy()));
		});
		expect((await readRanges(blobAt(server.host), RANGES)).equals(expectedRanges)).toBe(true);
		expect(server.requests).toHaveLength(2);
		expect(server.requests[1]?.headers.range).not.toContain("bytes=0-6,");
	});

	test("a thousand are asked for in headers of a size that servers take", async () => {
		const ranges = Array.from({ length: 349 }, (_, index) => ({ start: index * 2, end: index * 2 + 1 }));
		const server = await serve((request, response) =>
			response.writeHead(206, multipart).end(parts(asked(request))),
		);
		await readRanges(blobAt(server.host), ranges);
		expect(server.requests).toHaveLength(2);
	});
});

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
