import { describe, expect, test } from "@jest/globals";
import {
	type Answer,
	type Fetch,
	Transport,
	type TransportOptions,
} from "../../../src/oci/registry/transport.ts";
import { useServers } from "../../support/http-server.ts";

const serve = useServers();
const SIZE = 300_000;
const never = () => new Promise<never>(() => undefined);

const transportOf = (options: TransportOptions = {}) => new Transport({ plainHttp: "loopback", ...options });

async function read(answer: Answer, onBytes: (size: number) => void = () => undefined): Promise<number> {
	let size = 0;
	for await (const piece of answer.body()) {
		size += piece.length;
		onBytes(size);
	}
	return size;
}

describe("an exchange ends, whatever fetch does with the signal,", () => {
	test("when it is aborted between the last byte and the end of the answer", async () => {
		const server = await serve((_request, response) => response.end(Buffer.alloc(SIZE)));
		const controller = new AbortController();
		const reason = new Error("another layer has failed");
		const { signal } = controller;
		const answer = await transportOf().send({ url: new URL(server.url), signal });
		const reading = read(answer, (size) => {
			if (size === SIZE) controller.abort(reason);
		});
		await expect(reading).rejects.toBe(reason);
	});

	/** Transports of callers' own, deaf to the signal. */
	const deaf: [string, Fetch][] = [
		["before its answer", never],
		["within its answer", async () => new Response(new ReadableStream({ pull: never }))],
	];

	test.each(deaf)("when it stalls %s", async (_when, fetch) => {
		const transport = transportOf({ fetch, timeoutMs: 20 });
		const exchange = transport.send({ url: new URL("http://localhost/") }).then((answer) => read(answer));
		await expect(exchange).rejects.toMatchObject({ rule: "stalled", limit: 20 });
	});

	test.each(deaf)("when it is aborted %s", async (_when, fetch) => {
		const controller = new AbortController();
		const { signal } = controller;
		const exchange = transportOf({ fetch })
			.send({ url: new URL("http://localhost/"), signal })
			.then((answer) => read(answer));
		setImmediate(() => controller.abort(new Error("enough")));
		await expect(exchange).rejects.toThrow("enough");
	});
});

describe("a redirect", () => {
	test.each(["GET", "HEAD"] as const)("of a %s is followed", async (method) => {
		const server = await serve(({ url }, response) =>
			url === "/there" ? response.end() : response.writeHead(307, { location: "/there" }).end(),
		);
		const answer = await transportOf().send({ method, url: new URL(server.url) });
		expect([answer.status, answer.url.pathname]).toEqual([200, "/there"]);
	});

	test.each(["POST", "PUT"] as const)(
		"of a %s is an answer: what is sent is for nobody else",
		async (method) => {
			const other = await serve((_request, response) => response.end());
			const server = await serve((_request, response) =>
				response.writeHead(307, { location: other.url }).end(),
			);
			const request = { method, url: new URL(server.url), body: Buffer.from("a secret") };
			expect(await transportOf().send(request)).toMatchObject({ status: 307 });
			expect(other.requests).toEqual([]);
		},
	);

	/** A transport's first answer leads there, all others are empty; and the requests that came. */
	const leading = (location: string) => {
		const asked: [string, unknown][] = [];
		const fetch: Fetch = async (url, { headers }) => {
			asked.push([url.href, new Headers(headers).get("authorization")]);
			return asked.length === 1 ? new Response(null, { status: 307, headers: { location } }) : new Response();
		};
		return { asked, transport: transportOf({ fetch }) };
	};

	test("from HTTPS to HTTP is refused, also where HTTP is allowed", async () => {
		const { asked, transport } = leading("http://localhost/there");
		const sent = transport.send({ url: new URL("https://localhost/") });
		await expect(sent).rejects.toMatchObject({ rule: "redirect" });
		expect(asked).toHaveLength(1);
	});

	test.each(["https://localhost/", "http://localhost:81/", "http://127.0.0.1/"])(
		"to %s is one to another origin, which gets no credentials",
		async (location) => {
			const { asked, transport } = leading(location);
			await transport.send({ url: new URL("http://localhost/"), headers: { Authorization: "secret" } });
			expect(asked).toEqual([
				["http://localhost/", "secret"],
				[location, null],
			]);
		},
	);
});

test("a reader who is slow does not make it stall", async () => {
	const pieces = Array.from({ length: 3 }, () => new Uint8Array(5));
	const body = new ReadableStream({
		pull(controller) {
			const piece = pieces.pop();
			if (piece === undefined) controller.close();
			else controller.enqueue(piece);
		},
	});
	// What is there at once is there before any timer.
	const transport = transportOf({ fetch: async () => new Response(body), timeoutMs: 5 });
	let size = 0;
	for await (const piece of (await transport.send({ url: new URL("http://localhost/") })).body()) {
		size += piece.length;
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
	expect(size).toBe(15);
});

test("bug: a slow source of what is sent made the server stall", async () => {
	async function* body() {
		for (let count = 0; count < 3; count++) {
			// A transport may ask for the first one before it has anything else to wait for.
			await new Promise((resolve) => setTimeout(resolve, 20));
			yield new Uint8Array(5);
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
	}
	let size = 0;
	const fetch: Fetch = async (_url, init) => {
		for await (const piece of init.body as unknown as AsyncIterable<Uint8Array>) size += piece.length;
		return new Response();
	};
	const request = { method: "PUT", url: new URL("http://localhost/"), body } as const;
	expect(await transportOf({ fetch, timeoutMs: 5 }).send(request)).toMatchObject({ status: 200 });
	expect(size).toBe(15);
});

test("a server that does not take what is sent stalls", async () => {
	async function* body() {
		for (;;) yield new Uint8Array(5);
	}
	const fetch: Fetch = async (_url, init) => {
		for await (const _piece of init.body as unknown as AsyncIterable<Uint8Array>) await never();
		return new Response();
	};
	const request = { method: "PUT", url: new URL("http://localhost/"), body } as const;
	const sent = transportOf({ fetch, timeoutMs: 20 }).send(request);
	await expect(sent).rejects.toMatchObject({ rule: "stalled", limit: 20 });
});

test("bug: more milliseconds than a timer takes were none", async () => {
	const server = await serve((_request, response) => setTimeout(() => response.end("late"), 50));
	const answer = await transportOf({ timeoutMs: 2 ** 31 }).send({ url: new URL(server.url) });
	expect(await read(answer)).toBe(4);
});

describe("what nobody reads any more is let go of:", () => {
	/** A response that tells when it is. */
	const watched = () => {
		let cancelled: () => void = () => undefined;
		const isCancelled = new Promise<void>((resolve) => {
			cancelled = resolve;
		});
		return { isCancelled, response: new Response(new ReadableStream({ pull: never, cancel: cancelled })) };
	};

	test("an answer that comes after the end", async () => {
		const { isCancelled, response } = watched();
		let answer: (response: Response) => void = () => undefined;
		const fetch = () =>
			new Promise<Response>((resolve) => {
				answer = resolve;
			});
		const exchange = transportOf({ fetch, timeoutMs: 20 }).send({ url: new URL("http://localhost/") });
		await expect(exchange).rejects.toMatchObject({ rule: "stalled" });
		answer(response);
		await isCancelled;
	});

	test("the rest of one that stalls", async () => {
		const { isCancelled, response } = watched();
		const transport = transportOf({ fetch: async () => response, timeoutMs: 20 });
		const answer = await transport.send({ url: new URL("http://localhost/") });
		await expect(read(answer)).rejects.toMatchObject({ rule: "stalled" });
		await isCancelled;
	});

	test.each(["answers early", "stalls", "breaks"])("the source of a body whose server %s", async (what) => {
		const piece = Buffer.alloc(65536);
		let given = 0;
		let closed: () => void = () => undefined;
		const isClosed = new Promise<void>((resolve) => {
			closed = resolve;
		});
		async function* body() {
			try {
				for (; given < 20_000; given++) yield piece;
			} finally {
				closed();
			}
		}
		const server = await serve((request, response) => {
			if (what === "answers early") response.writeHead(401).end();
			if (what === "breaks") request.socket.destroy();
		});
		const headers = { "content-length": String(20_000 * piece.length) };
		const sent = transportOf({ timeoutMs: 500 }).send({
			url: new URL(server.url),
			method: "PUT",
			headers,
			body,
		});
		await sent.then(
			(answer) => answer.discard(),
			() => undefined,
		);
		await isClosed;
		expect(given).toBeLessThan(20_000);
	});
});
