/** What `docker login` and `podman login` leave: a config.json with secrets, or with who keeps them. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import type { FilePath } from "../../file-path.ts";
import { pathToString } from "../../file-path.ts";
import { askCredentialHelper } from "./credential-helper.ts";
import { registryError } from "./fault.ts";

/** What opens a registry. */
export type Credentials =
	| { readonly username: string; readonly password: string }
	/** For the token server alone. */
	| { readonly identityToken: string }
	/** A token for the registry itself. */
	| { readonly registryToken: string };

/** Finds the credentials of a repository, or none. */
export type CredentialSource = (
	registry: string,
	repository: string,
	options: { readonly signal?: AbortSignal | undefined },
) => Promise<Credentials | undefined>;

/** What helpers and files call the default registry. */
const DEFAULT_SERVER = "https://index.docker.io/v1/";
const DEFAULT_NAMES = ["docker.io", "index.docker.io", "registry-1.docker.io"];
/** The name that a helper gives to an identity token. */
const TOKEN_USER = "<token>";
const FILE_LIMIT = 1 << 22;

/**
 * Credentials as Docker finds them: in the file given, or that of `REGISTRY_AUTH_FILE`, `config.json` in the folder
 * `DOCKER_CONFIG`, or `~/.docker/config.json`. `credHelpers` goes before `auths`, and that before `credsStore`; in
 * `auths` a key may also name a folder of repositories or one of them. A file that is not there has none, unless it
 * was named. It is read once.
 */
export function dockerCredentials(file?: FilePath): CredentialSource {
	let config: Promise<DockerConfig> | undefined;
	return async (registry, repository, { signal }) => {
		signal?.throwIfAborted();
		config ??= readConfig(file);
		const { helpers, auths, store, name } = await config;
		const server = DEFAULT_NAMES.includes(registry) ? DEFAULT_SERVER : registry;
		const helper = namesOf(registry).find((host) => helpers.has(host));
		if (helper !== undefined) return fromHelper(helpers.get(helper) ?? "", server, signal);
		for (const key of keysFor(registry, repository)) {
			const entry = auths.get(key);
			const found = entry && fromEntry(entry, `${name}: auths of ${key}`);
			if (found !== undefined) return found;
		}
		return store === undefined ? undefined : fromHelper(store, server, signal);
	};
}

interface DockerConfig {
	readonly name: string;
	/** By keys without a scheme, and without a path where there was a scheme. */
	readonly auths: ReadonlyMap<string, Record<string, unknown>>;
	readonly helpers: ReadonlyMap<string, string>;
	readonly store: string | undefined;
}

async function readConfig(file: FilePath | undefined): Promise<DockerConfig> {
	const { REGISTRY_AUTH_FILE: named, DOCKER_CONFIG: folder, HOME: home } = process.env;
	const place =
		file ?? (named || path.join(folder || path.join(home || homedir(), ".docker"), "config.json"));
	const name = pathToString(place);
	let text: string;
	try {
		text = await readFile(place instanceof Uint8Array ? Buffer.from(place) : place, "utf8");
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "ENOENT" || file !== undefined || named)
			throw registryError("credentials", name, (error as Error).message, { path: name, cause: error });
		text = "{}";
	}
	return parseConfig(text, name);
}

function parseConfig(text: string, name: string): DockerConfig {
	let config: unknown;
	try {
		if (text.length <= FILE_LIMIT) config = JSON.parse(text);
	} catch {
		// The parser's message would quote what is in the file.
	}
	if (!isRecord(config))
		throw registryError("credentials", name, "is not a configuration in JSON", { path: name });
	const { auths, credHelpers, credsStore } = config;
	const entries = Object.entries(isRecord(auths) ? auths : {});
	const helpers = Object.entries(isRecord(credHelpers) ? credHelpers : {});
	return {
		name,
		auths: new Map(entries.flatMap(([key, entry]) => (isRecord(entry) ? [[normalKey(key), entry]] : []))),
		helpers: new Map(helpers.flatMap(([key, helper]) => (typeof helper === "string" ? [[key, helper]] : []))),
		store: typeof credsStore === "string" && credsStore !== "" ? credsStore : undefined,
	};
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `https://host/v1/` is a host's; `host/folder` is a folder's. */
function normalKey(key: string): string {
	const [, host] = /^https?:\/\/([^/]*)/.exec(key) ?? [];
	return host ?? key;
}

function namesOf(registry: string): string[] {
	return DEFAULT_NAMES.includes(registry) ? [...DEFAULT_NAMES, DEFAULT_SERVER] : [registry];
}

/** The keys that speak of a repository, the closest first. */
function keysFor(registry: string, repository: string): string[] {
	const parts = repository.split("/");
	const folders = parts.map((_, index) => `/${parts.slice(0, parts.length - index).join("/")}`);
	return [...folders, ""].flatMap((folder) => namesOf(registry).map((name) => name + folder));
}

function fromEntry(entry: Record<string, unknown>, where: string): Credentials | undefined {
	const { auth, username, password, identitytoken, registrytoken } = entry;
	if (typeof identitytoken === "string" && identitytoken !== "") return { identityToken: identitytoken };
	if (typeof registrytoken === "string" && registrytoken !== "") return { registryToken: registrytoken };
	if (typeof auth === "string" && auth !== "") {
		const decoded = Buffer.from(auth, "base64").toString("utf8");
		const colon = decoded.indexOf(":");
		if (colon <= 0) throw registryError("credentials", where, "auth is not a name and a password in base64");
		return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1).replace(/\0+$/, "") };
	}
	return typeof username === "string" && username !== "" && typeof password === "string"
		? { username, password }
		: undefined;
}

async function fromHelper(
	helper: string,
	server: string,
	signal?: AbortSignal,
): Promise<Credentials | undefined> {
	const answer = await askCredentialHelper(helper, server, { signal });
	if (answer === undefined || answer.secret === "") return undefined;
	const { username, secret } = answer;
	return username === TOKEN_USER ? { identityToken: secret } : { username, password: secret };
}
