import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";
import { describe, expect, jest, test } from "@jest/globals";
import { RegistryClient, type RegistryOptions } from "../../../src/oci/registry/client.ts";
import { type Handler, type TestServer, useServers } from "../../support/http-server.ts";

const serve = useServers();
const document = Buffer.from('{"mediaType":"application/vnd.oci.image.manifest.v1+json"}');
const user = { username: "user", password: "pass:word" };

interface TokenServer extends TestServer {
	readonly bodies: string[];
}

/** A registry whose tokens are `token-N`, and their server. */
async function startBoth(
	expiresIn?: number,
	answer?: Handler,
): Promise<{ registry: TestServer; tokens: TokenServer }> {
	let count = 0;
	const bodies: string[] = [];
	const valid = new Set<string>();
	const tokens = await serve(async (request, response) => {
		let body = "";
		for await (const piece of request) body += piece;
		bodies.push(body);
		if (answer !== undefined) return answer(request, response);
		const token = `token-${count++}`;
		valid.add(`Bearer ${token}`);
		response.end(JSON.stringify({ token, ...(expiresIn !== undefined && { expires_in: expiresIn }) }));
	});
	const registry = await serve((request, response) => {
		const { authorization = "" } = request.headers;
		if (valid.has(authorization) || authorization === "Bearer given") return response.end(document);
		const scope = "repository:some/image:pull";
		const challenge = `Bearer realm="${tokens.url}/token",service="a service",scope="${scope}",error="x"`;
		response.writeHead(401, { "www-authenticate": challenge }).end("{}");
	});
	return { registry, tokens: { ...tokens, bodies } };
}

const repositoryOf = (host: string, options: RegistryOptions = {}) =>
	new RegistryClient({ plainHttp: "loopback", retries: 0, credentials: user, ...options }).repository(
		`${host}/some/image:t`,
	);

describe("tokens", () => {
	test("are asked for once, and used as long as they are good", async () => {
		const { registry, tokens } = await startBoth();
		const repository = repositoryOf(registry.host);
		for (let i = 0; i < 3; i++) await repository.manifest();
		expect(tokens.requests.map(({ line }) => line)).toEqual([
			"GET /token?service=a+service&scope=repository%3Asome%2Fimage%3Apull&account=user",
		]);
		expect(tokens.requests[0]?.headers.authorization).toBe(`Basic ${btoa("user:pass:word")}`);
		expect(registry.requests).toHaveLength(4);
	});

	test("many requests at once get one", async () => {
		const { registry, tokens } = await startBoth();
		const repository = repositoryOf(registry.host);
		await Promise.all(Array.from({ length: 10 }, () => repository.manifest()));
		expect(tokens.requests).toHaveLength(1);
	});

	test("that have run out, or nearly so, are not sent", async () => {
		const { registry, tokens } = await startBoth(3600);
		const repository = repositoryOf(registry.host);
		await repository.manifest();
		const later = performance.now() + 0.95 * 3_600_000;
		const clock = jest.spyOn(performance, "now").mockImplementation(() => later);
		await repository.manifest();
		clock.mockRestore();
		expect(tokens.requests).toHaveLength(2);
		expect(registry.requests.map(({ headers }) => headers.authorization)).toEqual([
			undefined,
			"Bearer token-0",
			undefined,
			"Bearer token-1",
		]);
	});

	test.each([0, -1])("that are said to last %d seconds last as long as others", async (seconds) => {
		const { registry, tokens } = await startBoth(seconds);
		const repository = repositoryOf(registry.host);
		for (let i = 0; i < 2; i++) await repository.manifest();
		expect(tokens.requests).toHaveLength(1);
	});

	test("bug: those that had run out when they came were said to be refused", async () => {
		const { registry, tokens } = await startBoth(1e-9);
		const repository = repositoryOf(registry.host);
		for (let i = 0; i < 2; i++) await repository.manifest();
		expect(tokens.requests).toHaveLength(2);
	});

	test("bug: credentials that do not come outlasted the signal", async () => {
		const { registry } = await startBoth();
		const controller = new AbortController();
		const credentials = () =>
			new Promise<never>(() => setImmediate(() => controller.abort(new Error("enough"))));
		const repository = repositoryOf(registry.host, { credentials });
		await expect(repository.manifest("t", { signal: controller.signal })).rejects.toThrow("enough");
	});

	test("nobody's are asked for without a password", async () => {
		const { registry, tokens } = await startBoth();
		await repositoryOf(registry.host, { credentials: async () => undefined }).manifest();
		expect(tokens.requests[0]?.headers.authorization).toBeUndefined();
	});

	test("come by POST for an identity token", async () => {
		const { registry, tokens } = await startBoth();
		await repositoryOf(registry.host, { credentials: { identityToken: "i" } }).manifest();
		expect(tokens.requests[0]?.line).toBe("POST /token");
		expect(Object.fromEntries(new URLSearchParams(tokens.bodies[0]))).toEqual({
			grant_type: "refresh_token",
			client_id: "composefs",
			service: "a service",
			scope: "repository:some/image:pull",
			refresh_token: "i",
		});
	});

	test("an identity token goes to the realm, and nowhere that this leads to", async () => {
		const elsewhere = await serve((_q, response) => response.end('{"token":"given"}'));
		const { registry } = await startBoth(undefined, (_q, response) =>
			response.writeHead(307, { location: elsewhere.url }).end(),
		);
		const reading = repositoryOf(registry.host, { credentials: { identityToken: "i" } }).manifest();
		await expect(reading).rejects.toMatchObject({ rule: "status", status: 307 });
		expect(elsewhere.requests).toHaveLength(0);
	});

	test("that are there already are used as they are", async () => {
		const { registry, tokens } = await startBoth();
		await repositoryOf(registry.host, { credentials: { registryToken: "given" } }).manifest();
		expect(tokens.requests).toHaveLength(0);
	});

	test.each<[string, Handler, object]>([
		["401", (_q, r) => r.writeHead(401).end(), { rule: "unauthorized", status: 401 }],
		["500", (_q, r) => r.writeHead(500).end(), { rule: "status", status: 500 }],
		["a redirect", (_q, r) => r.writeHead(302, { location: "/x" }).end(), { rule: "redirect" }],
		["a web page", (_q, r) => r.end("<html>"), { rule: "token" }],
		["nothing", (_q, r) => r.end("{}"), { rule: "token" }],
		["null", (_q, r) => r.end("null"), { rule: "token" }],
		["a header in disguise", (_q, r) => r.end('{"token":"a\\r\\nX: y"}'), { rule: "token" }],
		["no end", (_q, r) => r.end(`{"token":"${"a".repeat(1 << 20)}"}`), { rule: "document-size" }],
		[
			"a token that is refused",
			(_q, r) => r.end('{"access_token":"x"}'),
			{ rule: "unauthorized", status: 401 },
		],
	])("the server says %s: one error", async (_title, handler, expected) => {
		const { registry, tokens } = await startBoth(undefined, handler);
		await expect(repositoryOf(registry.host).manifest()).rejects.toMatchObject(expected);
		expect(tokens.requests).toHaveLength(1);
	});

	test("bug: one that cannot be sent was told of in the error", async () => {
		const { registry } = await startBoth();
		const registryToken = "s3cret\n!";
		const asking = repositoryOf(registry.host, { credentials: { registryToken } }).manifest();
		const error = await asking.then(
			() => undefined,
			(error) => error,
		);
		expect(error).toMatchObject({ code: "ERR_COMPOSEFS_REGISTRY", rule: "unauthorized" });
		expect(inspect(error)).not.toContain("s3cret");
	});

	test("a signal ends one request, and not the others that wait for the same token", async () => {
		let answer = () => {};
		const { registry, tokens } = await startBoth(undefined, (_q, response) => {
			answer = () => response.end('{"token":"given"}');
		});
		const repository = repositoryOf(registry.host);
		const controller = new AbortController();
		const reason = new Error("enough");
		const first = repository.manifest();
		while (tokens.requests.length === 0) await delay(5);
		const second = repository.manifest(undefined, { signal: controller.signal });
		const ended = expect(second).rejects.toBe(reason);
		while (registry.requests.length < 2) await delay(5);
		await delay(50);
		controller.abort(reason);
		await ended;
		answer();
		await first;
	});
});

describe("challenges", () => {
	const challenged = async (challenge: string | undefined, options?: RegistryOptions) => {
		const registry = await serve((request, response) => {
			if (request.headers.authorization === `Basic ${btoa("user:pass:word")}`) return response.end(document);
			response.writeHead(401, challenge === undefined ? {} : { "www-authenticate": challenge }).end();
		});
		return { registry, reading: repositoryOf(registry.host, options).manifest() };
	};

	test("for a password get it, once", async () => {
		const { registry, reading } = await challenged('Basic realm="x"');
		await reading;
		expect(registry.requests).toHaveLength(2);
	});

	test("for a password that is not known, or is wrong", async () => {
		const nobody = await challenged("Basic", { credentials: async () => undefined });
		await expect(nobody.reading).rejects.toMatchObject({ rule: "unauthorized", status: 401 });
		const wrong = await challenged("Basic", { credentials: { username: "user", password: "x" } });
		await expect(wrong.reading).rejects.toMatchObject({ rule: "unauthorized", status: 401 });
		expect(wrong.registry.requests).toHaveLength(2);
	});

	test.each([
		undefined,
		"Negotiate",
		"",
		'Digest realm="x"',
		"Bearer",
		'Bearer realm="not a URL"',
		'Bearer realm="http://somebody@127.0.0.1/token"',
		'Bearer realm="http://:word@127.0.0.1/token"',
	])("%s cannot be answered", async (challenge) => {
		const { reading } = await challenged(challenge);
		await expect(reading).rejects.toMatchObject({ rule: "challenge" });
	});

	test("to a realm elsewhere are refused before anything is sent there", async () => {
		const elsewhere = await serve((_q, response) => response.end('{"token":"x"}'));
		const realm = elsewhere.url.replace("127.0.0.1", "localhost");
		const { reading } = await challenged(`Bearer realm="${realm}/token"`);
		await expect(reading).rejects.toMatchObject({
			rule: "realm",
			message: expect.stringContaining("trustedRealms"),
		});
		expect(elsewhere.requests).toHaveLength(0);
	});

	test("to one that is trusted are answered", async () => {
		const elsewhere = await serve((_q, response) => response.end('{"token":"x"}'));
		const realm = elsewhere.url.replace("127.0.0.1", "localhost");
		const { reading } = await challenged(`Bearer realm="${realm}/token"`, { trustedRealms: ["localhost"] });
		await expect(reading).rejects.toMatchObject({ rule: "unauthorized" });
		expect(elsewhere.requests).toHaveLength(1);
	});

	test("may not ask for more than is needed", async () => {
		const tokens = await serve((_q, response) => response.end('{"token":"x"}'));
		const scope = "repository:some/image:pull,push repository:other:delete";
		const { reading } = await challenged(`Bearer realm="${tokens.url}/t",scope="${scope}"`);
		await expect(reading).rejects.toMatchObject({ rule: "unauthorized" });
		expect(tokens.requests[0]?.line).toContain("scope=repository%3Asome%2Fimage%3Apull&");
	});
});
