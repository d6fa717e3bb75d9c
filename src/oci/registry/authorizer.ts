/** The `authorization` headers for one registry: what its challenges asked for, as long as it lasts. */
import { untilAbort } from "../../abort.ts";
import { parseChallenges } from "./challenge.ts";
import type { CredentialSource, Credentials } from "./docker-config.ts";
import { registryError } from "./fault.ts";
import { basicAuthorization, fetchToken, isToken } from "./token.ts";
import type { Transport } from "./transport.ts";

/** What is to be done with a repository. */
export interface Access {
	readonly repository: string;
	readonly actions: "pull" | "pull,push";
}

export interface AuthorizerOptions {
	/** As references call the registry. */
	readonly registry: string;
	/** Root of its URLs. */
	readonly base: URL;
	readonly transport: Transport;
	readonly credentials: CredentialSource;
	readonly trustedRealms?: readonly string[] | undefined;
}

interface Known {
	readonly header: string;
	/** By performance.now() */
	readonly expires: number;
}

export class Authorizer {
	readonly #options: AuthorizerOptions;
	readonly #known = new Map<string, Known>();
	readonly #running = new Map<string, Promise<string>>();

	constructor(options: AuthorizerOptions) {
		this.#options = options;
	}

	/** What is known already. */
	header(access: Access): string | undefined {
		const known = this.#known.get(scopeOf(access));
		return known !== undefined && known.expires > performance.now() ? known.header : undefined;
	}

	/**
	 * Answers a challenge. Requests that are challenged together get one token.
	 *
	 * @param challenge the registry's `www-authenticate`
	 * @param refused the header that was not enough
	 * @throws ComposefsError ERR_COMPOSEFS_REGISTRY, rules `unauthorized`, `challenge`, `realm`, `token`, `credentials`
	 */
	async renew(
		access: Access,
		challenge: string | null,
		refused: string | undefined,
		signal: AbortSignal | undefined,
	): Promise<string> {
		const scope = scopeOf(access);
		for (let running = this.#running.get(scope); running !== undefined; running = this.#running.get(scope))
			// Another's, however it ends, but not longer than one's own signal.
			await untilAbort(
				running.catch(() => undefined),
				signal,
			);
		const known = this.header(access);
		if (known !== undefined && known !== refused) return known;
		const run = this.#find(access, challenge, signal).then((found) => {
			this.#known.set(scope, found);
			return found.header;
		});
		this.#running.set(scope, run);
		try {
			// Used once, however short it lasts: that it is over is the registry's word.
			const header = await run;
			if (header !== refused) return header;
		} finally {
			this.#running.delete(scope);
		}
		throw this.#refused("does not accept the credentials");
	}

	async #find(access: Access, challenge: string | null, signal: AbortSignal | undefined): Promise<Known> {
		const { registry, base, transport, trustedRealms } = this.#options;
		const challenges = parseChallenges(challenge ?? "");
		const bearer = challenges.find(({ scheme }) => scheme === "bearer");
		if (bearer === undefined && !challenges.some(({ scheme }) => scheme === "basic"))
			throw registryError("challenge", base, "answers 401 and asks for neither a token nor a password");
		const ask = async () => this.#options.credentials(registry, access.repository, { signal });
		const credentials = await untilAbort(ask(), signal);
		if (bearer === undefined) return this.#basic(credentials);
		if (credentials !== undefined && "registryToken" in credentials)
			return { header: this.#ownToken(credentials.registryToken), expires: Number.POSITIVE_INFINITY };
		const asked = performance.now();
		const scope = scopeOf(access);
		const request = { challenge: bearer, registry: base, scope, credentials, trustedRealms, signal };
		const { text, lifetimeMs } = await fetchToken(transport, request);
		return { header: `Bearer ${text}`, expires: asked + lifetimeMs };
	}

	/** Checked here: whoever sends a header that cannot be one says what is in it. */
	#ownToken(token: string): string {
		if (isToken(token)) return `Bearer ${token}`;
		throw this.#refused("cannot be sent the registryToken: it is no token of RFC 6750");
	}

	#basic(credentials: Credentials | undefined): Known {
		if (credentials === undefined || !("username" in credentials))
			throw this.#refused("asks for a password, and none is known");
		const header = basicAuthorization(credentials.username, credentials.password);
		return { header, expires: Number.POSITIVE_INFINITY };
	}

	#refused(what: string) {
		return registryError("unauthorized", this.#options.base, what, { status: 401 });
	}
}

function scopeOf({ repository, actions }: Access): string {
	return `repository:${repository}:${actions}`;
}
