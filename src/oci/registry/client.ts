/** Registries: their endpoints, with what they share. */
import { argumentError } from "../../errors.ts";
import { type OptionNames, refuseUnknown } from "../../known-options.ts";
import { type CredentialSource, type Credentials, dockerCredentials } from "./docker-config.ts";
import { Endpoint, type EndpointOptions } from "./endpoint.ts";
import { checkPlainHttp } from "./plain-http.ts";
import { formatReference, type ImageReference, isRegistry, parseReference } from "./reference.ts";
import type { Place } from "./registry-blob.ts";
import { Repository } from "./repository.ts";
import type { RetryOptions } from "./retry.ts";
import { Transport, type TransportOptions } from "./transport.ts";

export interface RegistryOptions extends TransportOptions, RetryOptions {
	/** For every registry, or a function that finds them. Default: `dockerCredentials()` */
	readonly credentials?: Credentials | CredentialSource | undefined;
	/** Hosts of token servers that are trusted although they do not belong to their registry. */
	readonly trustedRealms?: readonly string[] | undefined;
	/**
	 * Where to look for images before their registry is asked, by registry: a host, or a host and a folder that the
	 * names of repositories are in. Where a mirror lacks something or fails, the next is asked.
	 */
	readonly mirrors?: Readonly<Record<string, readonly string[]>> | undefined;
}

const NAMES: OptionNames<RegistryOptions> = {
	fetch: true,
	timeoutMs: true,
	plainHttp: true,
	retries: true,
	backoffMs: true,
	credentials: true,
	trustedRealms: true,
	mirrors: true,
};

/** What is known of registries, tokens among it, is kept for as long as this is. */
export class RegistryClient {
	readonly #options: EndpointOptions;
	readonly #mirrors: Readonly<Record<string, readonly string[]>>;
	readonly #endpoints = new Map<string, Endpoint>();

	/** @throws ComposefsError ERR_COMPOSEFS_ARGUMENT */
	constructor(options: RegistryOptions = {}) {
		checkOptions(options);
		const { credentials = dockerCredentials(), mirrors = {}, trustedRealms, retries, backoffMs } = options;
		const source = typeof credentials === "function" ? credentials : async () => credentials;
		const transport = new Transport(options);
		this.#options = { transport, credentials: source, trustedRealms, retries, backoffMs };
		this.#mirrors = mirrors;
	}

	/**
	 * The repository of a reference. Nothing is asked yet.
	 *
	 * @throws ComposefsError ERR_COMPOSEFS_REFERENCE
	 */
	repository(reference: string | ImageReference): Repository {
		const parsed = typeof reference === "string" ? parseReference(reference) : checkReference(reference);
		const mirrors = Object.hasOwn(this.#mirrors, parsed.registry) ? this.#mirrors[parsed.registry] : [];
		const own = { endpoint: this.#endpoint(parsed.registry), repository: parsed.repository };
		return new Repository(
			parsed,
			own,
			mirrors?.map((mirror) => this.#mirror(mirror, parsed.repository)) ?? [],
		);
	}

	#mirror(mirror: string, repository: string): Place {
		const slash = mirror.indexOf("/");
		if (slash < 0) return { endpoint: this.#endpoint(mirror), repository };
		const folder = mirror.slice(slash + 1);
		return { endpoint: this.#endpoint(mirror.slice(0, slash)), repository: `${folder}/${repository}` };
	}

	#endpoint(registry: string): Endpoint {
		const known = this.#endpoints.get(registry);
		const endpoint = known ?? new Endpoint(registry, this.#options);
		this.#endpoints.set(registry, endpoint);
		return endpoint;
	}
}

/** Its parts become parts of URLs. */
function checkReference(reference: ImageReference): ImageReference {
	if (typeof reference !== "object" || reference === null)
		throw argumentError("a repository is named by a text, or what parseReference gives");
	parseReference(formatReference(reference));
	return reference;
}

function checkOptions(options: RegistryOptions): void {
	// With misspelt mirrors or credentials, another host would be asked, or in another name.
	refuseUnknown(options, NAMES);
	const { plainHttp, trustedRealms = [], mirrors = {}, timeoutMs, retries, backoffMs } = options;
	checkCredentials(options.credentials);
	checkPlainHttp(plainHttp);
	// Of a text, each part would be trusted.
	if (!Array.isArray(trustedRealms) || !trustedRealms.every((host) => isRegistry(host)))
		throw argumentError("trustedRealms is a list of hosts, with or without ports");
	for (const [name, value] of Object.entries({ timeoutMs, retries, backoffMs }))
		if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0))
			throw argumentError(`${name} is ${value}, not a whole number`);
	if (!Object.values(mirrors).every(Array.isArray)) throw argumentError("mirrors are lists, by registry");
	for (const mirror of Object.values(mirrors).flat()) {
		const [host = "", ...folders] = typeof mirror === "string" ? mirror.split("/") : [];
		if (!isRegistry(host) || !folders.every((folder) => /^[a-z0-9][a-z0-9._-]*$/.test(folder)))
			throw argumentError(`${JSON.stringify(mirror)} is no mirror: a host, or a host and a folder`);
	}
}

/** @throws ComposefsError ERR_COMPOSEFS_ARGUMENT, which tells nothing of what was given: it may be a secret */
function checkCredentials(given: RegistryOptions["credentials"]): void {
	if (given === undefined || typeof given === "function") return;
	const { username, password, identityToken, registryToken }: Record<string, unknown> = Object(given);
	const isText = (...texts: unknown[]) => texts.every((text) => typeof text === "string");
	if (isText(username, password) || isText(identityToken) || isText(registryToken)) return;
	throw argumentError(
		"credentials are a username and password, an identityToken, a registryToken, or a function that finds them",
	);
}
