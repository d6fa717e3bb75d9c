/** Content on its way into a store: what is put at once travels together, in few jobs. */
import { setImmediate } from "node:timers";
import {
	awaitJob,
	type NativeContent,
	type NativeFailure,
	type NativeStore,
	type NativeStored,
	toError,
} from "../native.ts";

/** Content that is put as a whole. */
export interface PutRequest {
	readonly content: NativeContent;
	/** What an error calls it. */
	readonly file: string | undefined;
	/** Bytes, as far as they are known: large ones travel alone. */
	readonly size: number;
	readonly signal: AbortSignal | undefined;
}

interface Waiting extends PutRequest {
	readonly resolve: (stored: NativeStored) => void;
	readonly reject: (reason: unknown) => void;
}

/** A job takes at most so many: then the next one can begin. */
const MAX_ITEMS = 64;
const MAX_BYTES = 1 << 22;

export class PutQueue {
	readonly #store: NativeStore;
	readonly #parallel: number;
	#waiting: Waiting[] = [];
	/** Of jobs that wait until fewer run. */
	readonly #turns: (() => void)[] = [];
	#running = 0;
	#scheduled = false;

	constructor(store: NativeStore, parallel: number) {
		this.#store = store;
		this.#parallel = parallel;
	}

	put(request: PutRequest): Promise<NativeStored> {
		const { content, file, size, signal } = request;
		return new Promise((resolve, reject) => {
			this.#waiting.push({ content, file, size, signal, resolve, reject });
			this.#schedule();
		});
	}

	/** Runs a job of the caller's, as one of those that may run at a time. */
	async run<T>(job: () => Promise<T>): Promise<T> {
		while (this.#running >= this.#parallel)
			await new Promise<void>((resolve) => {
				this.#turns.push(resolve);
			});
		this.#running++;
		try {
			return await job();
		} finally {
			this.#leave();
		}
	}

	/** Not at once: callers that put many will, before this thread waits for something. */
	#schedule(): void {
		if (this.#scheduled) return;
		this.#scheduled = true;
		setImmediate(() => {
			this.#scheduled = false;
			this.#start();
		});
	}

	#start(): void {
		const free = this.#parallel - this.#running;
		const share = Math.min(MAX_ITEMS, Math.ceil(this.#waiting.length / Math.max(free, 1)));
		while (this.#running < this.#parallel && this.#waiting.length > 0) void this.#run(this.#take(share));
	}

	/** The next requests of one signal, which can stop them together. */
	#take(share: number): Waiting[] {
		const signal = this.#waiting[0]?.signal;
		let bytes = 0;
		let count = 0;
		for (const request of this.#waiting) {
			bytes += request.size;
			if (count === share || request.signal !== signal || (count > 0 && bytes > MAX_BYTES)) break;
			count++;
		}
		return this.#waiting.splice(0, count);
	}

	async #run(requests: readonly Waiting[]): Promise<void> {
		this.#running++;
		try {
			const items = requests.map(({ content }) => content);
			const results = await awaitJob(() => this.#store.put(items), { signal: requests[0]?.signal });
			for (const [index, request] of requests.entries()) settle(request, results[index] as NativeStored);
		} catch (error) {
			for (const { reject } of requests) reject(error);
		} finally {
			this.#leave();
		}
	}

	#leave(): void {
		this.#running--;
		this.#turns.shift()?.();
		if (this.#waiting.length > 0) this.#schedule();
	}
}

function settle({ resolve, reject, file }: Waiting, result: NativeStored | NativeFailure): void {
	if ("digest" in result) resolve(result);
	else reject(toError(result, file));
}
