/** HTTP servers on this machine that do what a test wants, well or badly. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterEach } from "@jest/globals";

export interface TestServer {
	/** Host and port, as references have it. */
	readonly host: string;
	readonly url: string;
	/** Each request: method, path and the headers that came. */
	readonly requests: { readonly line: string; readonly headers: IncomingMessage["headers"] }[];
	close(): Promise<void>;
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** Begins a server; whoever does closes it. */
export async function startServer(handler: Handler): Promise<TestServer> {
	const requests: TestServer["requests"] = [];
	const server: Server = createServer((request, response) => {
		requests.push({ line: `${request.method} ${request.url}`, headers: request.headers });
		handler(request, response);
	});
	const sockets = new Set<Socket>();
	server.on("connection", (socket: Socket) => {
		sockets.add(socket);
		socket.on("close", () => sockets.delete(socket));
		socket.on("error", () => undefined);
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
	const close = async () => {
		const closed = new Promise<void>((resolve) => server.close(() => resolve()));
		for (const socket of sockets) socket.destroy();
		await closed;
	};
	return { host, url: `http://${host}`, requests, close };
}

/** Servers that end with the test that began them. */
export function useServers(): (handler: Handler) => Promise<TestServer> {
	const servers: TestServer[] = [];
	afterEach(async () => {
		await Promise.all(servers.splice(0).map((server) => server.close()));
	});
	return async (handler) => {
		const server = await startServer(handler);
		servers.push(server);
		return server;
	};
}
