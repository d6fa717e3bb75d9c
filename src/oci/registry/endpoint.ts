/** One host that speaks the distribution protocol: requests with what opens it, tried again where that helps. */
import { type Access, Authorizer } from "./authorizer.ts";
import type { CredentialSource } from "./docker-config.ts";
import { readDocument } from "./document.ts";
import { isTransientStatus, registryError } from "./fault.ts";
import { Attempts, type RetryOptions, retryAfter } from "./retry.ts";
import type { Answer, HttpRequest, Transport } from "./transport.ts";

export interface EndpointOptions extends RetryOptions {
	readonly transport: Transport;
	readonly credentials: CredentialSource;
	readonly trustedRealms?: readonly string[] | undefined;
}

export interface EndpointRequest extends Omit<HttpRequest, "url" | "redirects"> {
	/** A path below the host's root, or a URL that the registry gave. */
	readonly url: string | URL;
	readonly access: Access;
	/** Statuses that the caller knows what to do with. */
	readonly expected: readonly number[];
	/** Further attempts. Default: those of the endpoint */
	readonly retries?: number;
}

/** Where Docker serves what references call by the default registry's name. */
const HOSTS: ReadonlyMap<string, string> = new Map([["docker.io", "registry-1.docker.io"]]);
const FAULT_LIMIT = 1 << 14;
const MESSAGE_LIMIT = 200;

export class Endpoint {
	/** Host and port, as references call it. */
	readonly registry: string;
	readonly base: URL;
	readonly #options: EndpointOptions;
	readonly #authorizer: Authorizer;
	/** Whether it has failed to answer for several ranges at once. */
	refusesRanges = false;
	/** Whether it has sent a whole blob where a range was asked for. */
	ignoresRanges = false;

	constructor(registry: string, options: EndpointOptions) {
		this.registry = registry;
		this.base = options.transport.baseOf(HOSTS.get(registry) ?? registry);
		this.#options = options;
		this.#authorizer = new Authorizer({ registry, base: this.base, ...options });
	}

	/** Attempts at something that takes several requests. */
	attempts(signal: AbortSignal | undefined): Attempts {
		return new Attempts(this.#options, signal);
	}

	/**
	 * Sends a request until there is an answer that the caller expects.
	 *
	 * @throws ComposefsError ERR_COMPOSEFS_REGISTRY, with the `status` of an answer that is not; the reason of the signal
	 */
	async request(request: EndpointRequest): Promise<Answer> {
		const { retries, signal, expected } = request;
		const attempts = new Attempts({ ...this.#options, ...(retries !== undefined && { retries }) }, signal);
		for (;;) {
			let failure: unknown;
			let pauseMs: number | undefined;
			try {
				const answer = await this.#authorized(request);
				if (expected.includes(answer.status)) return answer;
				if (isTransientStatus(answer.status)) pauseMs = retryAfter(answer.headers.get("retry-after"));
				failure = await statusError(answer);
			} catch (error) {
				failure = error;
			}
			await attempts.next(failure, pauseMs);
		}
	}

	async #authorized({ access, url: place, headers, ...rest }: EndpointRequest): Promise<Answer> {
		const { transport } = this.#options;
		const url = typeof place === "string" ? new URL(place, this.base) : place;
		// What opens the registry is for nobody else, whatever it says where to go.
		const isOwn = url.origin === this.base.origin;
		const known = isOwn ? this.#authorizer.header(access) : undefined;
		const send = (authorization: string | undefined) =>
			transport.send({ ...rest, url, headers: { ...headers, ...(authorization && { authorization }) } });
		const answer = await send(known);
		if (answer.status !== 401 || answer.url.origin !== this.base.origin) return answer;
		await answer.discard();
		const challenge = answer.headers.get("www-authenticate");
		return send(await this.#authorizer.renew(access, challenge, known, rest.signal));
	}
}

/** The error for an answer that nobody expects; it says what the registry says of it. */
async function statusError(answer: Answer): Promise<Error> {
	const { status, url } = answer;
	const isRefusal = status === 401 || status === 403;
	const said = await readDocument(answer, FAULT_LIMIT).then(firstFault, () => "");
	return registryError(isRefusal ? "unauthorized" : "status", url, `answers ${status}${said}`, { status });
}

function firstFault(bytes: Buffer): string {
	try {
		const { code, message } = JSON.parse(bytes.toString("utf8")).errors[0];
		// From outside, and maybe to a terminal.
		const text = `${code}: ${message}`.slice(0, MESSAGE_LIMIT).replaceAll(/[^\x20-\x7e]/g, "?");
		return ` (${text})`;
	} catch {
		return "";
	}
}
