/** How long an exchange may take, and what ends it. */
import { onAbort, untilAbort } from "../../abort.ts";
import { connectionError, registryError } from "./fault.ts";

/** The clock of one exchange, and all that can end it. */
export class Watch {
	readonly #url: URL;
	readonly #timeoutMs: number;
	readonly #outer: AbortSignal | undefined;
	readonly #controller = new AbortController();
	readonly #forget: () => void;
	#timer: NodeJS.Timeout | undefined;
	#stalled = false;
	/** What the source of a body that is sent threw. */
	#failure: { readonly error: unknown } | undefined;

	constructor(url: URL, timeoutMs: number, signal: AbortSignal | undefined) {
		this.#url = url;
		this.#timeoutMs = timeoutMs;
		this.#outer = signal;
		this.#forget = onAbort(signal, () => this.#controller.abort());
	}

	get signal(): AbortSignal {
		return this.#controller.signal;
	}

	/** The clock begins anew. */
	touch(): void {
		clearTimeout(this.#timer);
		if (this.signal.aborted) return;
		this.#timer = setTimeout(() => {
			this.#stalled = true;
			this.#controller.abort();
		}, this.#timeoutMs);
	}

	/** Waits, from now on. */
	during<T>(promise: Promise<T>): Promise<T> {
		this.touch();
		return this.until(promise);
	}

	/**
	 * Waits as long as nothing has ended the exchange. That fetch settles its promises then cannot be relied on: before
	 * release 7, undici leaves a read open for ever that begins after an abort if the last byte had come by then.
	 */
	async until<T>(promise: Promise<T>): Promise<T> {
		try {
			return await untilAbort(promise, this.signal);
		} finally {
			clearTimeout(this.#timer);
		}
	}

	/**
	 * A body that is sent: as long as the server takes of it, it does not stall. While the body's source is waited for, that
	 * has a clock of its own, or none.
	 */
	async *over(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
		clearTimeout(this.#timer);
		try {
			for await (const piece of body) {
				this.touch();
				yield piece;
				// Built-in fetch goes on to the end of a body that nobody takes any more, and gives way to nothing.
				if (this.signal.aborted) return;
				clearTimeout(this.#timer);
			}
		} catch (error) {
			this.#failure = { error };
			throw error;
		}
		this.touch();
	}

	/** Closes the connection if something is still to come. */
	end(): void {
		clearTimeout(this.#timer);
		this.#forget();
		this.#controller.abort();
	}

	/** What an exception of fetch means. */
	explain(error: unknown): unknown {
		this.end();
		if (this.#outer?.aborted) return this.#outer.reason;
		if (this.#failure !== undefined) return this.#failure.error;
		if (this.#stalled) {
			const text = `no byte for ${this.#timeoutMs / 1000} s`;
			return registryError("stalled", this.#url, text, { limit: this.#timeoutMs });
		}
		return connectionError(this.#url, error);
	}
}
