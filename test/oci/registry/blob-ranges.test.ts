import { describe, expect, test } from "@jest/globals";
import { readBlob } from "../../../src/blob.ts";
import { useServers } from "../../support/http-server.ts";
import {
	answer,
	asked,
	blobAt,
	bytes,
	expectedRanges,
	RANGES,
	readRanges,
} from "../../support/registry-blob.ts";

const serve = useServers();

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

	test("the whole blob instead is told to who asks for ranges", async () => {
		const whole = await serve((_request, response) => response.end(bytes));
		const able = await serve(answer);
		for (const { host } of [whole, able]) {
			const blob = blobAt(host);
			await readBlob(blob, { limit: 1000 });
			expect(blob.ignoresRanges).toBe(false);
			await readBlob(blob, { limit: 1000, range: { start: 0, end: 10 } });
			expect(blob.ignoresRanges).toBe(host === whole.host);
		}
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

	/** A server whose answers have no more than `most` bytes. */
	const sparing = (content: Uint8Array, most: number) =>
		serve((request, response) => {
			const [[start, last] = [0, 0]] = asked(request);
			const part = content.subarray(start, Math.min(last + 1, start + most));
			const range = `bytes ${start}-${start + part.length - 1}/${content.length}`;
			response.writeHead(206, { "content-range": range }).end(part);
		});

	test("bug: a part of the range was the end", async () => {
		const content = Buffer.alloc(1 << 18, "content");
		const server = await sparing(content, 1 << 16);
		const blob = blobAt(server.host, { retries: 0 }, content.length);
		const range = { start: 5, end: content.length };
		expect((await readBlob(blob, { limit: 1 << 18, range })).equals(content.subarray(5))).toBe(true);
		expect(server.requests).toHaveLength(4);
	});

	test("a few bytes of the range, each time: after the attempts, an error", async () => {
		const server = await sparing(bytes, 100);
		const blob = blobAt(server.host, { retries: 3 });
		expect(await readBlob(blob, { limit: 700, range: { start: 0, end: 400 } })).toEqual(
			bytes.subarray(0, 400),
		);
		const range = { start: 0, end: 500 };
		await expect(readBlob(blob, { limit: 700, range })).rejects.toMatchObject({ rule: "truncated" });
		expect(server.requests).toHaveLength(8);
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

	test("bug: of parts without end was read on, with all that is wanted, or with what was there already", async () => {
		for (const hasAll of [true, false]) {
			const server = await serve((request, response) => {
				const ranges = asked(request);
				if (ranges.length === 1) return answer(request, response);
				response.writeHead(206, multipart);
				const whole = parts(hasAll ? ranges : ranges.slice(0, 2));
				response.write(whole.subarray(0, -8));
				const again = parts([[0, 6]]).subarray(0, -8);
				const timer = setInterval(() => response.write(again), 1);
				response.on("close", () => clearInterval(timer));
			});
			expect((await readRanges(blobAt(server.host), RANGES)).equals(expectedRanges)).toBe(true);
		}
	});

	test("bug: answers that bring what is there already kept their connections", async () => {
		let open = 0;
		let most = 0;
		const server = await serve((request, response) => {
			const ranges = asked(request);
			if (ranges.length > 1) return response.writeHead(416).end();
			most = Math.max(most, ++open);
			response.on("close", () => open--);
			const [start] = ranges[0] as [number, number];
			response.writeHead(206, { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` });
			response.write(bytes.subarray(start, -1));
			setTimeout(() => response.end(bytes.subarray(-1)), 50);
		});
		expect((await readRanges(blobAt(server.host), RANGES)).equals(expectedRanges)).toBe(true);
		expect(most).toBeLessThan(8);
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

	test("bug: parts without their end were all there, and an error", async () => {
		const server = await serve((request, response) =>
			response.writeHead(206, multipart).end(parts(asked(request)).subarray(0, -8)),
		);
		const blob = blobAt(server.host, { retries: 0 });
		expect((await readRanges(blob, RANGES)).equals(expectedRanges)).toBe(true);
		expect(server.requests).toHaveLength(1);
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
