/** Requests on their way to the addon: those that are made at once travel together, in few jobs. */
import { setImmediate } from "node:timers";
import { onAbort, untilAbort } from "./abort.ts";
import { ComposefsError } from "./errors.ts";

export interface Request {
	/** Bytes, as far as they are known: large ones travel alone. */
	readonly size: number;
	readonly signal: AbortSignal | undefined;
}

interface Waiting<Item, Result> {
	readonly item: Item;
	readonly resolve: (result: Result) => void;
	readonly reject: (reason: unknown) => void;
	/** Its signal is not listened to any more. */
	readonly forget: () => void;
}

/** A job takes at most so many: then the next one can begin. */
const MAX_ITEMS = 64;
const MAX_BYTES = 1 << 22;

export class BatchQueue<Item extends Request, Result> {
	readonly #parallel: number;
	readonly #work: (
		items: readonly Item[],
		signal: AbortSignal | undefined,
	) => Promise<readonly (Result | ComposefsError)[]>;
	#waiting: Waiting<Item, Result>[] = [];
	/** Of jobs that wait until fewer run. */
	readonly #turns: (() => void)[] = [];
	#running = 0;
	#scheduled = false;

	/**
	 * @param parallel   jobs at a time
	 * @param work   one job: for each request its result, or why it has none
	 */
	constructor(
		parallel: number,
		work: (
			items: readonly Item[],
			signal: AbortSignal | undefined,
		) => Promise<readonly (Result | ComposefsError)[]>,
	) {
		this.#parallel = parallel;
		this.#work = work;
	}

	/** One that waits for a job is given up when its signal aborts; the job that has one is told. */
	add(item: Item): Promise<Result> {
		const { signal } = item;
		return new Promise((resolve, reject) => {
			signal?.throwIfAborted();
			const forget = onAbort(signal, () => this.#giveUp(signal));
			this.#waiting.push({ item, resolve, reject, forget });
			this.#schedule();
		});
	}

	#giveUp(signal: AbortSignal | undefined): void {
		const isOfSignal = ({ item }: Waiting<Item, Result>) => item.signal === signal;
		const givenUp = this.#waiting.filter(isOfSignal);
		this.#waiting = this.#waiting.filter((waiting) => !isOfSignal(waiting));
		for (const { reject, forget } of givenUp) {
			forget();
			reject(signal?.reason);
		}
	}

	/** Runs a job of the caller's, as one of those that may run at a time. */
	async run<T>(job: () => Promise<T>, signal?: AbortSignal): Promise<T> {
		while (this.#running >= this.#parallel) await this.#turn(signal);
		this.#running++;
		try {
			return await job();
		} finally {
			this.#leave();
		}
	}

	async #turn(signal: AbortSignal | undefined): Promise<void> {
		let begin = () => {};
		const turn = new Promise<void>((resolve) => {
			begin = resolve;
			this.#turns.push(resolve);
		});
		try {
			await untilAbort(turn, signal);
		} catch (error) {
			const at = this.#turns.indexOf(begin);
			if (at >= 0) this.#turns.splice(at, 1);
			else this.#turns.shift()?.(); // it came too late for this one
			throw error;
		}
	}

	/** Not at once: callers that ask for many will, before this thread waits for something. */
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
		while (this.#running < this.#parallel && this.#waiting.length > 0) void this.#begin(this.#take(share));
	}

	/** The next requests of one signal, which can stop them together. */
	#take(share: number): Waiting<Item, Result>[] {
		const signal = this.#waiting[0]?.item.signal;
		let bytes = 0;
		let count = 0;
		for (const { item } of this.#waiting) {
			bytes += item.size;
			if (count === share || item.signal !== signal || (count > 0 && bytes > MAX_BYTES)) break;
			count++;
		}
		const taken = this.#waiting.splice(0, count);
		for (const { forget } of taken) forget();
		return taken;
	}

	async #begin(batch: readonly Waiting<Item, Result>[]): Promise<void> {
		this.#running++;
		try {
			const items = batch.map(({ item }) => item);
			const results = await this.#work(items, items[0]?.signal);
			for (const [index, { resolve, reject }] of batch.entries()) {
				const result = results[index] as Result | ComposefsError;
				if (result instanceof ComposefsError) reject(result);
				else resolve(result);
			}
		} catch (error) {
			for (const { reject } of batch) reject(error);
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
