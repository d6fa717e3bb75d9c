/** Trying again: how often, and how long to wait. */
import { setTimeout as delay } from "node:timers/promises";
import { follow } from "../../abort.ts";
import { say } from "../../diagnostics.ts";
import { isTransient } from "./fault.ts";

export interface RetryOptions {
	/** How often one request, or the rest of one blob, is tried again without progress. Default: 5 */
	readonly retries?: number | undefined;
	/** Milliseconds before the first of them; each later one waits twice as long, up to 10 s. Default: 250 */
	readonly backoffMs?: number | undefined;
}

const RETRIES = 5;
const BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 10_000;
/** A server that wants a longer pause is not waited for. */
const LONGEST_RETRY_AFTER_MS = 60_000;

/** The attempts at one thing. */
export class Attempts {
	readonly #retries: number;
	readonly #backoffMs: number;
	readonly #signal: AbortSignal | undefined;
	#failed = 0;

	constructor({ retries = RETRIES, backoffMs = BACKOFF_MS }: RetryOptions, signal?: AbortSignal) {
		this.#retries = retries;
		this.#backoffMs = backoffMs;
		this.#signal = signal;
	}

	/** There was progress: the count begins anew. */
	restart(): void {
		this.#failed = 0;
	}

	/**
	 * Waits until the next attempt.
	 *
	 * @param pauseMs what the server asked for, if it did
	 * @throws the failure, if it will not pass or there were enough; the reason of the signal
	 */
	async next(failure: unknown, pauseMs?: number): Promise<void> {
		this.#signal?.throwIfAborted();
		if (!isTransient(failure) || this.#failed >= this.#retries) throw failure;
		if (pauseMs !== undefined && pauseMs > LONGEST_RETRY_AFTER_MS) throw failure;
		const backoff = Math.min(this.#backoffMs * 2 ** this.#failed++, LONGEST_BACKOFF_MS);
		// Up to half as long again, so that many clients do not come back together.
		const wait = pauseMs ?? backoff * (1 + Math.random() / 2);
		say("try %d of %d again in %d ms: %s", () => [
			...[this.#failed, this.#retries, Math.round(wait)],
			(failure as Error).message,
		]);
		await pause(wait, this.#signal);
		this.#signal?.throwIfAborted();
	}
}

/** Timers listen for themselves: to a signal of their own, since many may wait with one. */
async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
	const own = follow(signal);
	await delay(ms, undefined, { signal: own.signal }).catch(() => undefined);
	own.forget();
}

/** Milliseconds that a `Retry-After` header asks for: it has seconds or a date. */
export function retryAfter(header: string | null, now: number = Date.now()): number | undefined {
	if (header === null) return undefined;
	if (/^[0-9]+$/.test(header)) return Number(header) * 1000;
	const date = Date.parse(header);
	return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
