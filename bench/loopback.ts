/** What programs and tests need that talk to a registry of their own on this machine. */
import { createServer } from "node:net";

/** Of answers to requests for blobs. */
export interface Counted {
	bytes: number;
	requests: number;
}

export async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const address = server.address();
	await new Promise((resolve) => server.close(resolve));
	if (typeof address !== "object" || address === null) throw new Error("no port is free");
	return address.port;
}

/** fetch, which counts what blobs are asked for, and what comes of them. */
export function countingFetch(counted: Counted): typeof fetch {
	return async (input, init) => {
		const answer = await fetch(input, init);
		if (!String(input).includes("/blobs/") || answer.body === null || init?.method === "PUT") return answer;
		counted.requests++;
		const body = answer.body.pipeThrough(
			new TransformStream<Uint8Array, Uint8Array>({
				transform(bytes, controller) {
					counted.bytes += bytes.length;
					controller.enqueue(bytes);
				},
			}),
		);
		const { status, headers } = answer;
		const watched = new Response(body, { status, headers });
		Object.defineProperty(watched, "url", { value: answer.url });
		return watched;
	};
}
