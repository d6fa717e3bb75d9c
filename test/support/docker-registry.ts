/** Debian's docker-registry on this machine: open, with passwords, or with tokens. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createSign } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../../bench/loopback.ts";
import { startServer, type TestServer } from "./http-server.ts";

/** Who may do everything. */
export const USER = { username: "tester", password: "a: pass" } as const;
/** The line of htpasswd for that user: bcrypt, which docker-registry wants. */
const HTPASSWD = "tester:$2y$05$bGQBuaapGlcoHTt0JxIwlecn9CodickLf1IiAiLZP9EyAsaefjebK\n";

export interface RunningRegistry {
	readonly host: string;
	/** In token mode, the server of tokens. */
	readonly tokens: TestServer | undefined;
	close(): Promise<void>;
}

export interface RegistrySettings {
	readonly auth: "open" | "basic" | "token";
	/** Seconds that tokens are good for. Default: 300 */
	readonly tokenLifetime?: number;
	/** Path of openssl; in token mode. */
	readonly openssl?: string;
}

/** Begins a registry with nothing in it. */
export async function startRegistry(program: string, settings: RegistrySettings): Promise<RunningRegistry> {
	const folder = mkdtempSync(path.join(tmpdir(), "composefs-registry-"));
	const host = `127.0.0.1:${await freePort()}`;
	const signer = settings.auth === "token" ? makeSigner(settings.openssl ?? "openssl", folder) : undefined;
	const tokens = signer && (await startTokenServer(signer, settings.tokenLifetime ?? 300));
	const auth = authOf(settings.auth, folder, tokens);
	const storage = { filesystem: { rootdirectory: path.join(folder, "data") } };
	const log = { level: "error", accesslog: { disabled: true } };
	// JSON is YAML.
	writeFileSync(
		path.join(folder, "config.yml"),
		JSON.stringify({ version: 0.1, log, storage, http: { addr: host }, ...(auth && { auth }) }),
	);
	const child = spawn(program, ["serve", path.join(folder, "config.yml")], {
		stdio: ["ignore", "ignore", "pipe"],
	});
	await answers(child, host);
	return {
		host,
		tokens,
		close: async () => {
			const ended = new Promise((resolve) => child.once("exit", resolve));
			child.kill("SIGKILL");
			await ended;
			await tokens?.close();
			rmSync(folder, { recursive: true, force: true });
		},
	};
}

function authOf(
	kind: RegistrySettings["auth"],
	folder: string,
	tokens: TestServer | undefined,
): object | undefined {
	if (kind === "basic") {
		writeFileSync(path.join(folder, "htpasswd"), HTPASSWD);
		return { htpasswd: { realm: "a registry", path: path.join(folder, "htpasswd") } };
	}
	if (tokens === undefined) return undefined;
	const rootcertbundle = path.join(folder, "certificate.pem");
	return { token: { realm: `${tokens.url}/token`, service: SERVICE, issuer: ISSUER, rootcertbundle } };
}

async function answers(child: ChildProcess, host: string): Promise<void> {
	let output = "";
	child.stderr?.on("data", (text) => {
		output += text;
	});
	for (let waited = 0; waited < 20_000; waited += 50) {
		if (child.exitCode !== null) throw new Error(`docker-registry ended: ${output}`);
		try {
			await (await fetch(`http://${host}/v2/`)).arrayBuffer();
			return;
		} catch {
			await delay(50);
		}
	}
	throw new Error(`docker-registry does not answer: ${output}`);
}

const SERVICE = "test registry";
const ISSUER = "test issuer";

interface Signer {
	readonly key: string;
	/** DER in base64, as a token's header has it. */
	readonly certificate: string;
}

function makeSigner(openssl: string, folder: string): Signer {
	const files = { key: path.join(folder, "key.pem"), certificate: path.join(folder, "certificate.pem") };
	const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
	const made = ["-keyout", files.key, "-out", files.certificate, "-subj", "/CN=composefs test"];
	const { status, stderr } = spawnSync(openssl, ["req", "-x509", ...curve, ...made], { encoding: "utf8" });
	if (status !== 0) throw new Error(`openssl: ${stderr}`);
	const certificate = readFileSync(files.certificate, "utf8").replaceAll(/-----.*?-----|\s/g, "");
	return { key: readFileSync(files.key, "utf8"), certificate };
}

/** Tokens for everything to the user, for reading to everybody else. */
function startTokenServer(signer: Signer, lifetime: number): Promise<TestServer> {
	return startServer((request, response) => {
		const { searchParams } = new URL(request.url ?? "", "http://localhost");
		const password = Buffer.from(`${USER.username}:${USER.password}`).toString("base64");
		const { authorization } = request.headers;
		if (authorization !== undefined && authorization !== `Basic ${password}`) {
			response.writeHead(401).end();
			return;
		}
		const access = searchParams.getAll("scope").flatMap((scope) => {
			const [type, name, actions = ""] = scope.split(":");
			const asked = actions.split(",");
			return [{ type, name, actions: authorization ? asked : asked.filter((action) => action === "pull") }];
		});
		const token = sign(signer, { access, lifetime });
		response.setHeader("content-type", "application/json");
		response.end(JSON.stringify({ token, expires_in: lifetime }));
	});
}

function sign(
	{ key, certificate }: Signer,
	{ access, lifetime }: { access: object[]; lifetime: number },
): string {
	const now = Math.floor(Date.now() / 1000);
	const times = { iat: now - 5, nbf: now - 5, exp: now + lifetime };
	const claims = { iss: ISSUER, sub: USER.username, aud: SERVICE, ...times, jti: `${Math.random()}`, access };
	const parts = [{ typ: "JWT", alg: "ES256", x5c: [certificate] }, claims];
	const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
	const signature = createSign("sha256").update(text).sign({ key, dsaEncoding: "ieee-p1363" });
	return `${text}.${signature.toString("base64url")}`;
}
