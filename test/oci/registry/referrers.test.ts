import { describe, expect, test } from "@jest/globals";
import { RegistryClient } from "../../../src/oci/registry/client.ts";
import { type Handler, useServers } from "../../support/http-server.ts";

const serve = useServers();
const ARTIFACT = "application/vnd.example";
const SUBJECT = `sha256:${"a".repeat(64)}`;

function page(...hex: string[]): string {
	const manifests = hex.map((digit) => ({
		mediaType: "application/vnd.oci.image.manifest.v1+json",
		digest: `sha256:${digit.repeat(64)}`,
		size: 2,
		artifactType: ARTIFACT,
	}));
	return JSON.stringify({
		schemaVersion: 2,
		mediaType: "application/vnd.oci.image.index.v1+json",
		manifests,
	});
}

async function list(handler: Handler): Promise<string[]> {
	const { host } = await serve(handler);
	const client = new RegistryClient({
		plainHttp: "loopback",
		backoffMs: 1,
		retries: 0,
		credentials: async () => undefined,
	});
	const found = await client.repository(`${host}/x/y`).referrers(SUBJECT, ARTIFACT);
	return found.map(({ digest }) => digest.slice(7, 8));
}

describe("a list of what speaks of a manifest", () => {
	test("bug: of several pages ended with the first", async () => {
		const handler: Handler = ({ url = "" }, response) => {
			const last = Number(new URL(url, "http://x").searchParams.get("last") ?? 0);
			const next = `</v2/x/y/referrers/${SUBJECT}?last=${last + 1}>; rel="next"`;
			response.writeHead(200, last < 2 ? { link: next } : {}).end(page(`${last + 1}`));
		};
		expect(await list(handler)).toEqual(["1", "2", "3"]);
	});

	test.each([
		'</prev>; rel="prev", </next>; rel="next"',
		'</next>; rel = "next"',
		'</next>; title="x, </y>; rel=prev"; rel="next"',
		'</next>;rel="prev NEXT";rel=prev',
		"</next>; rel=next",
	])("goes on where %s says", async (link) => {
		const handler: Handler = ({ url }, response) =>
			url === "/next" ? response.end(page("2")) : response.writeHead(200, { link }).end(page("1"));
		expect(await list(handler)).toEqual(["1", "2"]);
	});

	test.each(['</next>; rel="nextish"', "</next>; rel=prev; rel=next", '</next>; title="; rel=next"', "next"])(
		"ends where %s says nothing of a next page",
		async (link) => {
			expect(await list((_request, response) => response.writeHead(200, { link }).end(page("1")))).toEqual([
				"1",
			]);
		},
	);

	test("with a page that is not there is an error, and no other list", async () => {
		const handler: Handler = ({ url }, response) =>
			url === "/next"
				? response.writeHead(404).end()
				: response.writeHead(200, { link: "</next>; rel=next" }).end(page("1"));
		await expect(list(handler)).rejects.toMatchObject({ status: 404 });
	});

	test("of pages without end is an error", async () => {
		const handler: Handler = (_request, response) =>
			response.writeHead(200, { link: '<?last=x>; rel="next"' }).end(page("1"));
		await expect(list(handler)).rejects.toMatchObject({ rule: "document" });
	});

	test("of more bytes than a list may have is an error, though no page has so many", async () => {
		const half = page("1").padEnd(2 ** 21);
		const handler: Handler = (_request, response) =>
			response.writeHead(200, { link: '<?last=x>; rel="next"' }).end(half);
		await expect(list(handler)).rejects.toMatchObject({ rule: "document-size" });
	});

	test("sends the registry's password to nobody else who has the rest of it", async () => {
		const other = await serve(({ url }, response) =>
			url === "/next"
				? response.end(page("2"))
				: response.writeHead(200, { link: "</next>; rel=next" }).end(page("1")),
		);
		const registry = await serve(({ headers }, response) =>
			headers.authorization === undefined
				? response.writeHead(401, { "www-authenticate": "Basic" }).end()
				: response.writeHead(307, { location: `${other.url}/first` }).end(),
		);
		const client = new RegistryClient({
			plainHttp: "loopback",
			retries: 0,
			credentials: { username: "user", password: "word" },
		});
		const found = await client.repository(`${registry.host}/x/y`).referrers(SUBJECT, ARTIFACT);
		expect(found.map(({ digest }) => digest.slice(7, 8))).toEqual(["1", "2"]);
		expect(other.requests.map(({ line }) => line)).toEqual(["GET /first", "GET /next"]);
		expect(other.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true);
	});

	test.each(["http://other.example/list", "http://user:word@127.0.0.1/", "http://[", "file:///etc/passwd"])(
		"does not go on at %s",
		async (target) => {
			const handler: Handler = (_request, response) =>
				response.writeHead(200, { link: `<${target}>; rel=next` }).end(page("1"));
			await expect(list(handler)).rejects.toMatchObject({ rule: "document" });
		},
	);
});
