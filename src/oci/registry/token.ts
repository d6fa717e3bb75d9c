/** Tokens of the distribution specification: fetched from a realm, valid for a while. */
import { Buffer } from "node:buffer";
import type { Challenge } from "./challenge.ts";
import type { Credentials } from "./docker-config.ts";
import { readDocument } from "./document.ts";
import { registryError } from "./fault.ts";
import { belongsTo } from "./realm.ts";
import type { Answer, Transport } from "./transport.ts";

export interface Token {
	readonly text: string;
	/** How long it may be used, in milliseconds from when it was asked for. */
	readonly lifetimeMs: number;
}

/** What the specification says where the server says nothing. */
const DEFAULT_LIFETIME_S = 60;
/** Of its lifetime: a token that runs out on its way is refused. */
const USED_LIFETIME = 0.9;
const RESPONSE_LIMIT = 1 << 18;
/** RFC 6750's b64token: what may stand in a header. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;

export function isToken(text: unknown): text is string {
	return typeof text === "string" && TOKEN.test(text);
}

export interface TokenRequest {
	readonly challenge: Challenge;
	/** Root of the registry's URLs. */
	readonly registry: URL;
	readonly scope: string;
	readonly credentials: Credentials | undefined;
	readonly trustedRealms?: readonly string[] | undefined;
	readonly signal?: AbortSignal | undefined;
}

/**
 * Fetches a token from the realm of a challenge: by GET, with the password if there is one, or by POST with an
 * identity token.
 *
 * @throws ComposefsError ERR_COMPOSEFS_REGISTRY, rules `challenge`, `realm`, `token`, `unauthorized`
 */
export async function fetchToken(transport: Transport, request: TokenRequest): Promise<Token> {
	const { challenge, credentials, signal } = request;
	const realm = realmOf(request);
	const service = challenge.parameters.get("service");
	const scope = grantedScope(request.scope, challenge.parameters.get("scope"));
	const identity = credentials !== undefined && "identityToken" in credentials ? credentials : undefined;
	const answer = await (identity === undefined
		? getToken(transport, realm, { service, scope }, credentials, signal)
		: postToken(transport, realm, { service, scope }, identity.identityToken, signal));
	return parseToken(answer, await readDocument(answer, RESPONSE_LIMIT));
}

/** The value of a Basic `authorization` header. */
export function basicAuthorization(username: string, password: string): string {
	return `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
}

function realmOf({ challenge, registry, trustedRealms }: TokenRequest): URL {
	const text = challenge.parameters.get("realm") ?? "";
	const realm = URL.canParse(text) ? new URL(text) : undefined;
	if (realm === undefined || realm.username !== "" || realm.password !== "")
		throw registryError("challenge", registry, "asks for a token and names no realm for it");
	if (belongsTo(realm, registry, trustedRealms)) return realm;
	const problem = `its realm for tokens is on ${realm.host}, which does not belong to it and is not in trustedRealms`;
	throw registryError("realm", registry, problem);
}

/** What the challenge asks for may be named otherwise, or less; it may not be allowed to do more. */
function grantedScope(own: string, asked: string | undefined): string {
	if (asked === undefined || asked === "") return own;
	const actions = new Set(actionsOf(own));
	const isGranted = asked
		.split(" ")
		.flatMap(actionsOf)
		.every((action) => actions.has(action));
	return isGranted ? asked : own;
}

function actionsOf(scope: string): string[] {
	return scope.slice(scope.lastIndexOf(":") + 1).split(",");
}

interface Grant {
	readonly service: string | undefined;
	readonly scope: string;
}

function getToken(
	transport: Transport,
	realm: URL,
	{ service, scope }: Grant,
	credentials: Credentials | undefined,
	signal: AbortSignal | undefined,
): Promise<Answer> {
	const url = new URL(realm);
	if (service !== undefined) url.searchParams.set("service", service);
	for (const one of scope.split(" ")) url.searchParams.append("scope", one);
	const known = credentials !== undefined && "username" in credentials ? credentials : undefined;
	if (known !== undefined) url.searchParams.set("account", known.username);
	const authorization = known && basicAuthorization(known.username, known.password);
	return transport.send({ url, redirects: 0, signal, ...(authorization && { headers: { authorization } }) });
}

function postToken(
	transport: Transport,
	realm: URL,
	{ service, scope }: Grant,
	refreshToken: string,
	signal: AbortSignal | undefined,
): Promise<Answer> {
	const form = new URLSearchParams({ grant_type: "refresh_token", client_id: "composefs", scope });
	if (service !== undefined) form.set("service", service);
	form.set("refresh_token", refreshToken);
	const headers = { "content-type": "application/x-www-form-urlencoded" };
	return transport.send({ method: "POST", url: realm, headers, body: Buffer.from(form.toString()), signal });
}

function parseToken({ status, url }: Answer, bytes: Uint8Array): Token {
	if (status === 401 || status === 403)
		throw registryError("unauthorized", url, `refuses a token with status ${status}`, { status });
	if (status !== 200) throw registryError("status", url, `gives no token, but status ${status}`, { status });
	let answer: unknown;
	try {
		answer = JSON.parse(Buffer.from(bytes).toString("utf8"));
	} catch {
		answer = undefined;
	}
	const { token, access_token, expires_in } = (answer ?? {}) as Record<string, unknown>;
	const text = token || access_token;
	if (!isToken(text)) throw registryError("token", url, "its answer has no token");
	const lifetime = typeof expires_in === "number" && expires_in > 0 ? expires_in : DEFAULT_LIFETIME_S;
	return { text, lifetimeMs: lifetime * 1000 * USED_LIFETIME };
}
