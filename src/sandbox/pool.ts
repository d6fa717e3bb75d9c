/** Workers kept ready, and the requests that wait for one. */
import { onAbort } from "../abort.ts";
import { SandboxChild, type SandboxRequest } from "./child.ts";
import { busyError, closedError, isFatal } from "./fault.ts";
import { takeInput } from "./feed.ts";
import { GatheredInput } from "./gathered-input.ts";
import type { SandboxSettings } from "./options.ts";

interface Turn {
	/** Gives a worker to who waits; the turn is over when the worker is given back. */
	readonly begin: (child: SandboxChild) => void;
	readonly fail: (error: unknown) => void;
}

/**
 * At most `settings.workers` workers. One that has ended, or has served its number of requests, is replaced at
 * once, so that the next request finds one ready. Where none can be started, requests fail, and each tries anew.
 */
export class Pool {
	readonly #settings: SandboxSettings;
	readonly #entry: string | undefined;
	readonly #idle: SandboxChild[] = [];
	/** Idle or at work. */
	readonly #children = new Set<SandboxChild>();
	/** Starts and ends that are under way. */
	readonly #changes = new Set<Promise<void>>();
	#startingCount = 0;
	readonly #turns = new Set<Turn>();
	/** Inputs that are on their way before there is a worker for them. */
	readonly #intakes = new Set<AbortController>();
	#requestCount = 0;
	#isClosed = false;

	constructor(settings: SandboxSettings, entry: string | undefined) {
		this.#settings = settings;
		this.#entry = entry;
	}

	/** Starts all workers; returns one of them. */
	async start(): Promise<SandboxChild> {
		const first = await SandboxChild.start(this.#settings, this.#entry);
		this.#enter(first);
		this.#fill();
		return first;
	}

	/**
	 * @param accept   makes something of the answer. If it throws what ends a worker, that ends the one that it came from,
	 *   which may have the next request by then
	 */
	async run<T = Buffer[]>(
		request: SandboxRequest,
		accept: (answer: Buffer[]) => T | Promise<T> = (answer) => answer as T,
	): Promise<T> {
		if (this.#isClosed) throw closedError();
		if (this.#requestCount >= this.#settings.requests) throw busyError(this.#settings);
		this.#requestCount++;
		try {
			const { child, answer } = await this.#serve(request.isGathered ? await this.#gather(request) : request);
			try {
				return await accept(answer);
			} catch (error) {
				if (isFatal(error)) child.distrust(error);
				throw error;
			}
		} finally {
			this.#requestCount--;
		}
	}

	/** The same request with its input at hand: who sends slowly keeps no worker from others. */
	async #gather(request: SandboxRequest): Promise<SandboxRequest> {
		const input = new GatheredInput();
		const put = (bytes: Uint8Array) => input.put(bytes);
		const controller = new AbortController();
		this.#intakes.add(controller);
		try {
			await takeInput(request.feed, { put, controller, signal: request.signal }, this.#settings);
		} finally {
			this.#intakes.delete(controller);
		}
		return { ...request, feed: (file) => input.feed(file) };
	}

	async #serve(request: SandboxRequest): Promise<{ child: SandboxChild; answer: Buffer[] }> {
		const child = await this.#take(request.signal);
		try {
			return { child, answer: await child.run(request) };
		} finally {
			this.#giveBack(child);
		}
	}

	/** Ends all workers and what they are at. */
	async close(): Promise<void> {
		this.#isClosed = true;
		for (const { fail } of this.#turns) fail(closedError());
		for (const intake of this.#intakes) intake.abort(closedError());
		await Promise.all(Array.from(this.#children, (child) => child.stop()));
		await Promise.all(this.#changes);
	}

	/** A worker, for one request. */
	async #take(signal: AbortSignal | undefined): Promise<SandboxChild> {
		signal?.throwIfAborted();
		if (this.#isClosed) throw closedError();
		const child = this.#nextIdle();
		if (child !== undefined) return child;
		return await new Promise((resolve, reject) => {
			const settle = () => {
				this.#turns.delete(turn);
				forget();
			};
			const fail = (error: unknown) => {
				settle();
				reject(error);
			};
			const begin = (child: SandboxChild) => {
				settle();
				resolve(child);
			};
			const abort = () => fail(signal?.reason);
			const turn: Turn = { begin, fail };
			const forget = onAbort(signal, abort);
			this.#turns.add(turn);
			this.#fill();
		});
	}

	#nextIdle(): SandboxChild | undefined {
		for (let child = this.#idle.pop(); child !== undefined; child = this.#idle.pop()) {
			if (!child.isOver) return child;
			this.#leave(child);
		}
		return undefined;
	}

	#giveBack(child: SandboxChild): void {
		const isDone = child.isOver || child.served >= this.#settings.requestsPerWorker;
		if (!isDone && !this.#isClosed) {
			this.#offer(child);
			return;
		}
		this.#leave(child);
		if (!this.#isClosed) this.#fill();
	}

	#enter(child: SandboxChild): void {
		this.#children.add(child);
		this.#offer(child);
	}

	#offer(child: SandboxChild): void {
		const [turn] = this.#turns;
		if (turn === undefined) this.#idle.push(child);
		else turn.begin(child);
	}

	#leave(child: SandboxChild): void {
		const ending = child.stop().then(() => {
			this.#changes.delete(ending);
		});
		this.#changes.add(ending);
		this.#children.delete(child);
	}

	/** Starts workers for those that are missing. */
	#fill(): void {
		const missing = this.#settings.workers - this.#children.size - this.#startingCount;
		for (let count = 0; count < missing; count++) this.#startOne();
	}

	#startOne(): void {
		this.#startingCount++;
		const starting = SandboxChild.start(this.#settings, this.#entry)
			.then(
				(child) => {
					this.#startingCount--;
					if (!this.#isClosed) return this.#enter(child);
					return child.stop();
				},
				(error) => {
					this.#startingCount--;
					// Not tried again by itself: if no worker is there, or on its way, whoever waits is told, and the next
					// request tries.
					if (this.#children.size + this.#startingCount > 0) return;
					for (const { fail } of this.#turns) fail(error);
				},
			)
			.finally(() => this.#changes.delete(starting));
		this.#changes.add(starting);
	}
}
