/** One worker, seen from the process that started it and trusts nothing that comes from it afterwards. */
import type { ChildProcess } from "node:child_process";
import fs from "node:fs";
import type { Socket } from "node:net";
import { promisify } from "node:util";
import { onAbort } from "../abort.ts";
import type { ComposefsError } from "../errors.ts";
import { closedError, isFatal, junk, memoryError, outputError, sandboxError } from "./fault.ts";
import { type Feed, takeInput } from "./feed.ts";
import { encodeFrame, FrameReader, PIPE, writeBytes } from "./frames.ts";
import type { SandboxSettings } from "./options.ts";
import { checkEnforced, type Ready, readReady, readReply } from "./reply.ts";
import { closeMemoryFiles, type StartedWorker, spawnWorker } from "./spawn.ts";

export interface RequestInput {
	readonly feed: Feed;
	/** It may come slowly: all of it has to be there before a worker is taken. */
	readonly isGathered?: boolean;
}

/** What one request is: an operation of operations.ts, its options, and what goes into it. */
export interface SandboxRequest extends RequestInput {
	readonly operation: string;
	readonly options: object;
	readonly signal: AbortSignal | undefined;
}

interface Waiting {
	resolve(frame: unknown): void;
	reject(error: unknown): void;
}

const START_TIMEOUT = 30_000;
/** Of what a worker that ends has to say, in bytes; V8's take some thousands. */
const MAX_LAST_WORDS = 1 << 16;
/** For them to come, once the process has ended. */
const LAST_WORDS_MS = 200;
const OUT_OF_MEMORY = /out of memory|bad_alloc|allocation failed/i;

const ftruncate = promisify(fs.ftruncate);
const fstat = promisify(fs.fstat);
const readAt = promisify(fs.read);

export class SandboxChild {
	readonly #settings: SandboxSettings;
	readonly #process: ChildProcess;
	readonly #pipe: Socket;
	readonly #input: number;
	readonly #output: number;
	readonly #frames = new FrameReader();
	readonly #closed: Promise<void>;
	#lastWords = "";
	#waiting: Waiting | undefined;
	/** Of an input that is on its way. */
	#intake: AbortController | undefined;
	/** Why it was ended, if it was ended from here. */
	#verdict: unknown;
	/** Nothing more is to be had from it. */
	#isOver = false;
	/** The process is no longer there. */
	#isGone = false;
	#isRunning = false;
	#lastId = 0;
	#enforced: Ready | undefined;

	private constructor(settings: SandboxSettings, { process, input, output }: StartedWorker) {
		this.#settings = settings;
		this.#process = process;
		this.#input = input;
		this.#output = output;
		this.#pipe = this.#process.stdio[PIPE] as Socket;
		this.#closed = this.#watch();
	}

	/**
	 * Starts a worker and waits until it is locked.
	 *
	 * @param entry   its program; another one for tests
	 */
	static async start(settings: SandboxSettings, entry?: string): Promise<SandboxChild> {
		const child = new SandboxChild(settings, await spawnWorker(settings, entry));
		try {
			const ready = readReady(await child.#nextFrame(START_TIMEOUT, undefined));
			checkEnforced(ready, settings);
			child.#enforced = ready;
			child.#hold(false);
			return child;
		} catch (error) {
			await child.stop();
			throw error;
		}
	}

	get enforced(): Ready {
		return this.#enforced as Ready;
	}

	/** Of requests begun. */
	get served(): number {
		return this.#lastId;
	}

	get isOver(): boolean {
		return this.#isOver;
	}

	get pid(): number {
		return this.#process.pid as number;
	}

	/** Serves a request, one at a time; returns the parts of its output. A failure of the worker ends it. */
	async run({ operation, options, feed, signal }: SandboxRequest): Promise<Buffer[]> {
		if (this.#isOver) throw this.#verdict;
		this.#hold(true);
		this.#isRunning = true;
		try {
			const id = ++this.#lastId;
			const size = await this.#takeInput(feed, signal);
			return await this.#ask({ id, operation, size, options }, signal);
		} finally {
			await this.#clear();
			this.#hold(false);
			this.#isRunning = false;
			if (this.#isGone) this.#closeFiles();
		}
	}

	/** Ends it, for what has come of its answers; also what it is at by now. */
	distrust(verdict: ComposefsError): void {
		this.#end(verdict);
	}

	/** Ends the process, and waits until nothing of it is left. */
	async stop(): Promise<void> {
		this.#end(closedError());
		this.#hold(true);
		await this.#closed;
	}

	/** A source that fails, or does not come, costs no worker. */
	async #takeInput(feed: Feed, signal: AbortSignal | undefined): Promise<number> {
		const controller = new AbortController();
		const put = (bytes: Uint8Array, position: number) => writeBytes(this.#input, bytes, position);
		this.#intake = controller;
		try {
			return await takeInput(feed, { put, controller, signal }, this.#settings);
		} finally {
			this.#intake = undefined;
		}
	}

	async #ask(
		request: {
			readonly id: number;
			readonly operation: string;
			readonly size: number;
			readonly options: object;
		},
		signal: AbortSignal | undefined,
	): Promise<Buffer[]> {
		try {
			this.#pipe.write(encodeFrame(request));
			const reply = readReply(await this.#nextFrame(this.#settings.timeout, signal));
			if (reply.id !== request.id) throw junk("a reply to another request");
			if ("error" in reply) throw explain(reply.error, this.#settings);
			return await this.#readOutput(reply.parts);
		} catch (error) {
			if (isFatal(error)) this.#end(error);
			throw error;
		}
	}

	/** The output's parts, one behind the other in the file; their sizes are the worker's word. */
	async #readOutput(parts: readonly number[]): Promise<Buffer[]> {
		const total = parts.reduce((sum, size) => sum + size, 0);
		const { size } = await fstat(this.#output);
		if (total > this.#settings.outputSize || total > size) throw junk("less output than it said");
		const found: Buffer[] = [];
		let position = 0;
		for (const part of parts) {
			const bytes = Buffer.allocUnsafeSlow(part);
			for (let at = 0; at < part; ) {
				const { bytesRead } = await readAt(this.#output, bytes, at, part - at, position + at);
				if (bytesRead === 0) throw junk("less output than it said");
				at += bytesRead;
			}
			position += part;
			found.push(bytes);
		}
		return found;
	}

	/** Gives back the memory of input and output, of which nothing is to be found by the next request. */
	async #clear(): Promise<void> {
		if (this.#isGone) return;
		await Promise.all([ftruncate(this.#input, 0), ftruncate(this.#output, 0)]);
	}

	/** The next frame; ends the worker if it takes too long, or if the signal aborts. */
	async #nextFrame(milliseconds: number, signal: AbortSignal | undefined): Promise<unknown> {
		if (this.#isOver) throw this.#verdict;
		const text = `the worker of a sandbox was not done after ${milliseconds} ms`;
		const late = () => this.#end(sandboxError("timeout", text, { limit: milliseconds }));
		const timer = setTimeout(late, milliseconds);
		const forget = onAbort(signal, () => this.#end(signal?.reason));
		try {
			return await new Promise((resolve, reject) => {
				this.#waiting = { resolve, reject };
			});
		} finally {
			this.#waiting = undefined;
			clearTimeout(timer);
			forget();
		}
	}

	/** Listens to all that the process says, and settles when nothing of it is left. */
	async #watch(): Promise<void> {
		const { stderr } = this.#process;
		stderr?.setEncoding("latin1").on("data", (text: string) => {
			if (!this.#isOver) this.#lastWords += text;
			if (this.#lastWords.length > MAX_LAST_WORDS) this.#end(junk("more words than its last ones"));
		});
		this.#pipe.on("error", () => undefined); // of a worker that has ended: `close` comes next
		this.#pipe.on("data", (piece) => this.#receive(piece));
		const hungUp = () => this.#end(junk("all that it had to say, and goes on"));
		this.#pipe.once("end", () => setTimeout(hungUp, LAST_WORDS_MS).unref());
		this.#process.on("error", () => undefined); // of a signal that cannot be sent
		this.#process.once("exit", () =>
			setTimeout(() => setImmediate(() => this.#hangUp()), LAST_WORDS_MS).unref(),
		);
		await new Promise((resolve) => this.#process.once("close", resolve));
		this.#isOver = true;
		this.#verdict ??= this.#obituary();
		this.#isGone = true;
		if (!this.#isRunning) this.#closeFiles();
		this.#waiting?.reject(this.#verdict);
		this.#intake?.abort(this.#verdict);
	}

	/** Somebody else may have its ends of the pipes, and keep them for ever. */
	#hangUp(): void {
		this.#pipe.destroy();
		this.#process.stderr?.destroy();
	}

	/** Not while a request is at them: their numbers may then be those of other files. */
	#closeFiles(): void {
		closeMemoryFiles([this.#input, this.#output]);
	}

	#receive(piece: Buffer): void {
		if (this.#isOver) return;
		try {
			for (const frame of this.#frames.read(piece)) {
				if (this.#waiting === undefined) throw junk("more than it was asked for");
				const { resolve } = this.#waiting;
				this.#waiting = undefined;
				resolve(frame);
			}
		} catch (error) {
			this.#end(error);
		}
	}

	#end(verdict: unknown): void {
		this.#verdict ??= verdict;
		this.#isOver = true;
		this.#intake?.abort(this.#verdict);
		this.#process.kill("SIGKILL");
	}

	/** What became of a process that ended by itself. */
	#obituary(): ComposefsError {
		const { exitCode, signalCode } = this.#process;
		if (OUT_OF_MEMORY.test(this.#lastWords)) return memoryError(this.#settings);
		const how = signalCode === null ? `exit code ${exitCode}` : signalCode;
		return sandboxError("crash", `the worker of a sandbox ended by ${how}`);
	}

	/** Whether this process waits for the worker before it ends by itself. */
	#hold(isHeld: boolean): void {
		const method = isHeld ? "ref" : "unref";
		this.#process[method]();
		this.#pipe[method]();
		(this.#process.stderr as Socket | null)?.[method]();
	}
}

function explain(error: ComposefsError, settings: SandboxSettings): ComposefsError {
	if (error.code === "ENOMEM") return memoryError(settings);
	return error.code === "EFBIG" ? outputError(settings) : error;
}
