/** HTTP exchanges: built-in fetch, with limits on time, redirects that carry no secrets, and one kind of error. */
import { tellBody, trace } from "../../diagnostics.ts";
import { registryError, showUrl } from "./fault.ts";
import { resolveLocation } from "./location.ts";
import { allowsPlainHttp, type PlainHttp } from "./plain-http.ts";
import { Watch } from "./watch.ts";

/** What is used of `fetch`: a transport of the caller's own needs no more. */
export type Fetch = (url: URL, init: RequestInit) => Promise<Response>;

export interface TransportOptions {
	/** Default: the built-in one */
	readonly fetch?: Fetch | undefined;
	/** Longest time without a byte, in milliseconds. Default: 30,000; at most 24 days */
	readonly timeoutMs?: number | undefined;
	/** Hosts with which to speak HTTP without TLS. Default: none */
	readonly plainHttp?: PlainHttp | undefined;
}

export interface HttpRequest {
	readonly method?: "GET" | "HEAD" | "POST" | "PUT";
	readonly url: URL;
	readonly headers?: Readonly<Record<string, string>>;
	/** Bytes, or a function that begins them anew, with their number in `content-length`. */
	readonly body?: Uint8Array | (() => AsyncIterable<Uint8Array>) | undefined;
	/** Most redirects to follow; GET and HEAD alone follow any. Default: 5 */
	readonly redirects?: number;
	readonly signal?: AbortSignal | undefined;
}

export interface Answer {
	readonly status: number;
	readonly headers: Headers;
	/** Whose answer it is, after redirects. */
	readonly url: URL;
	/** The bytes, once. */
	body(): AsyncIterable<Uint8Array>;
	/** Lets go of what has not been read; a short rest is read, and its connection used again. */
	discard(): Promise<void>;
	/** Closes the connection, unless all of it has been read. */
	cancel(): void;
}

const TIMEOUT_MS = 30_000;
/** As long as timers can be: longer ones end at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;
const REDIRECTS = 5;
const DISCARD_LIMIT = 16384;
const REDIRECTING: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export class Transport {
	readonly #fetch: Fetch;
	readonly #timeoutMs: number;
	readonly #plainHttp: PlainHttp | undefined;

	constructor({ fetch = globalThis.fetch, timeoutMs = TIMEOUT_MS, plainHttp }: TransportOptions) {
		this.#fetch = fetch;
		this.#timeoutMs = Math.min(timeoutMs, LONGEST_TIMEOUT_MS);
		this.#plainHttp = plainHttp;
	}

	/** The root of a host's URLs. */
	baseOf(host: string): URL {
		return new URL(`${allowsPlainHttp(this.#plainHttp, host) ? "http" : "https"}://${host}/`);
	}

	/**
	 * Sends a request and follows where the answer leads. A redirect to another origin goes without `authorization`.
	 *
	 * @throws ComposefsError ERR_COMPOSEFS_REGISTRY; the reason of the signal
	 */
	async send(request: HttpRequest): Promise<Answer> {
		const { method = "GET", redirects = REDIRECTS } = request;
		let { url, headers = {} } = request;
		for (let hops = 0; ; hops++) {
			this.#check(url);
			const asked = { ...request, url, headers };
			const begin = () => ({ method, url: showUrl(asked.url) });
			const answer = await trace(
				"composefs:registry-request",
				begin,
				() => this.#exchange(asked),
				({ status }) => ({ status }),
			);
			const location = REDIRECTING.has(answer.status) ? answer.headers.get("location") : null;
			if (location === null || (method !== "GET" && method !== "HEAD")) return answer;
			await answer.discard();
			if (hops >= redirects) {
				const limit = `more than ${redirects} redirects`;
				throw registryError("redirect", request.url, limit, { limit: redirects });
			}
			const next = redirectTarget(url, location);
			if (next.origin !== url.origin) headers = withoutAuthorization(headers);
			url = next;
		}
	}

	#check(url: URL): void {
		if (url.protocol === "https:") return;
		if (url.protocol === "http:" && allowsPlainHttp(this.#plainHttp, url.host)) return;
		throw registryError("plain-http", url, "is neither HTTPS nor named in plainHttp");
	}

	async #exchange({ method = "GET", url, headers, body, signal }: HttpRequest): Promise<Answer> {
		signal?.throwIfAborted();
		const watch = new Watch(url, this.#timeoutMs, signal);
		let sent: Promise<Response> | undefined;
		try {
			// Before the body's source can be asked: what it takes is not the server's.
			watch.touch();
			sent = this.#fetch(url, {
				method,
				// As they are: a range counts bytes, and so does a digest.
				headers: { "accept-encoding": "identity", "user-agent": "composefs", ...headers },
				redirect: "manual",
				credentials: "omit",
				signal: watch.signal,
				...(body !== undefined && { body: outgoing(body, watch), duplex: "half" }),
			} as RequestInit);
			return new FetchedAnswer(method, url, await watch.until(sent), watch);
		} catch (error) {
			// Of a transport that does not hear the signal, an answer may still come: it is for nobody.
			sent?.then((late) => late.body?.cancel()).catch(() => undefined);
			throw watch.explain(error);
		}
	}
}

function outgoing(body: Uint8Array | (() => AsyncIterable<Uint8Array>), watch: Watch): RequestInit["body"] {
	// fetch takes any async iterable as a body; the types of it know only streams.
	return (body instanceof Uint8Array ? body : watch.over(body())) as unknown as RequestInit["body"];
}

function redirectTarget(from: URL, location: string): URL {
	const target = resolveLocation(location, from);
	if (target === undefined) throw registryError("redirect", from, "redirects to what is no plain URL");
	if (from.protocol === "https:" && target.protocol !== "https:")
		throw registryError("redirect", from, `redirects from HTTPS to ${showUrl(target)}`);
	return target;
}

function withoutAuthorization(headers: Readonly<Record<string, string>>): Record<string, string> {
	return Object.fromEntries(
		Object.entries(headers).filter(([name]) => name.toLowerCase() !== "authorization"),
	);
}

class FetchedAnswer implements Answer {
	readonly status: number;
	readonly headers: Headers;
	readonly url: URL;
	readonly #method: string;
	readonly #response: Response;
	readonly #watch: Watch;
	#isTold = false;

	constructor(method: string, url: URL, response: Response, watch: Watch) {
		this.#method = method;
		this.status = response.status;
		this.headers = response.headers;
		this.url = url;
		this.#response = response;
		this.#watch = watch;
	}

	async *body(): AsyncGenerator<Uint8Array> {
		const stream = this.#response.body;
		if (stream === null) return this.#tell(0, true);
		const reader = stream.getReader();
		let bytes = 0;
		let complete = false;
		try {
			for (;;) {
				// The clock runs while the server is waited for, not while the reader is at work.
				const { done, value } = await this.#watch.during(reader.read());
				complete = done;
				if (done) return;
				bytes += value.length;
				yield value;
			}
		} catch (error) {
			throw this.#watch.explain(error);
		} finally {
			this.#watch.end();
			reader.cancel().catch(() => undefined);
			this.#tell(bytes, complete);
		}
	}

	async discard(): Promise<void> {
		let size = 0;
		try {
			// Read to its end, a short body leaves its connection for the next request.
			for await (const piece of this.body()) {
				size += piece.length;
				if (size > DISCARD_LIMIT) break;
			}
		} catch {
			// Nobody wants these bytes.
		}
		this.#watch.end();
	}

	cancel(): void {
		this.#watch.end();
		this.#tell(0, false);
	}

	#tell(bytes: number, complete: boolean): void {
		if (this.#isTold) return;
		this.#isTold = true;
		tellBody({ method: this.#method, url: showUrl(this.url), status: this.status, bytes, complete });
	}
}
