/** The bytes of a blob from an endpoint, through connections that break and servers that know few kinds of ranges. */
import type { RangePiece } from "../../blob.ts";
import { ComposefsError } from "../../errors.ts";
import { answerParts, PARTS_EXPECTED } from "./answer-parts.ts";
import type { Endpoint } from "./endpoint.ts";
import { isTransient, registryError } from "./fault.ts";
import type { Answer } from "./transport.ts";
import type { WantedRanges } from "./wanted-ranges.ts";

/** Progress that makes another interruption count as the first: less, and a server could do this for ever. */
const PROGRESS = 1 << 16;
/** What servers answer that cannot give several ranges at once, or do not want to. */
const REFUSALS: ReadonlySet<number> = new Set([400, 413, 414, 416, 431, 501]);
/** As a header of so many ranges is taken by all servers: some have 8 KiB for all headers. */
const RANGES_AT_ONCE = 200;
/** Requests at once where each is for one range. */
const PARALLEL = 4;

export class BlobReader {
	readonly #endpoint: Endpoint;
	readonly #repository: string;
	readonly #digest: string;
	readonly #size: number;
	readonly #signal: AbortSignal | undefined;
	/** By origin, since each server of a blob has names of its own for it. */
	readonly #etags = new Map<string, string>();

	constructor(
		endpoint: Endpoint,
		repository: string,
		{ digest, size, signal }: { digest: string; size: number; signal: AbortSignal | undefined },
	) {
		this.#endpoint = endpoint;
		this.#repository = repository;
		this.#digest = digest;
		this.#size = size;
		this.#signal = signal;
	}

	/** Bytes of the wanted ranges, in their order, until none is left. */
	async *read(wanted: WantedRanges): AsyncGenerator<RangePiece> {
		if (wanted.next(2).length > 1 && !this.#endpoint.refusesRanges) yield* this.#together(wanted);
		if (wanted.next(2).length > 1) yield* this.#apart(wanted);
		else yield* this.#through(wanted, 1);
	}

	/** Many ranges a request. Returns with ranges left where the server does not do that. */
	async *#together(wanted: WantedRanges): AsyncGenerator<RangePiece> {
		try {
			yield* this.#through(wanted, RANGES_AT_ONCE);
		} catch (error) {
			if (!isRefusal(error)) throw error;
			this.#endpoint.refusesRanges = true;
		}
	}

	/** A range a request, several requests ahead of the reader; their bytes wait in the connections. */
	async *#apart(wanted: WantedRanges): AsyncGenerator<RangePiece> {
		const end = new AbortController();
		const signal = this.#signal === undefined ? end.signal : AbortSignal.any([this.#signal, end.signal]);
		const ranges = wanted.next(Number.POSITIVE_INFINITY);
		const ahead: { readonly answer: Promise<Answer>; readonly end: number }[] = [];
		try {
			for (let begun = 0; !wanted.isEmpty; ) {
				for (; begun < ranges.length && ahead.length < PARALLEL; begun++) {
					// An answer with more than it was asked for has left nothing to some later one.
					if ((ranges[begun]?.end ?? 0) <= wanted.start) continue;
					const answer = this.#ask(ranges.slice(begun, begun + 1), signal);
					// Who comes to it sees the error.
					answer.catch(() => undefined);
					ahead.push({ answer, end: ranges[begun]?.end ?? 0 });
				}
				const next = ahead.shift();
				if (next === undefined) continue;
				if (next.end > wanted.start) yield* this.#through(wanted, 1, next.answer);
				else next.answer.then((answer) => answer.cancel()).catch(() => undefined);
			}
		} finally {
			end.abort();
		}
	}

	/**
	 * One request after another, each for at most `count` ranges, goes on where the one before ended. With an answer
	 * that is there already, ends with the range that it is for.
	 */
	async *#through(wanted: WantedRanges, count: number, first?: Promise<Answer>): AsyncGenerator<RangePiece> {
		const attempts = this.#endpoint.attempts(this.#signal);
		const end = first === undefined ? this.#size : (wanted.next(1)[0]?.end ?? 0);
		for (let ready = first; wanted.start < end; ready = undefined) {
			const before = wanted.received;
			const asked = wanted.next(count);
			const answer = await (ready ?? this.#ask(asked, this.#signal));
			if (answer.status === 200 && !this.#isWhole(asked)) this.#endpoint.ignoresRanges = true;
			let failure: unknown;
			try {
				yield* this.#take(answer, wanted);
				if (wanted.start < (asked.at(-1)?.end ?? 0))
					failure = tooFew(answer, asked, wanted.received - before);
			} catch (error) {
				answer.cancel();
				failure = error;
			}
			if (wanted.received - before >= PROGRESS) attempts.restart();
			// What breaks behind all that is wanted is no loss.
			if (wanted.start >= end && isTransient(failure)) return;
			if (failure !== undefined) await attempts.next(failure);
		}
	}

	async *#take(answer: Answer, wanted: WantedRanges): AsyncGenerator<RangePiece> {
		this.#compareTags(answer);
		let received = 0;
		for await (const piece of answerParts(answer, this.#size)) {
			// What comes behind all that is wanted could come for ever.
			if (wanted.isEmpty) return;
			received += piece.bytes.length;
			if (received > this.#size)
				throw registryError("range", answer.url, "answers with more bytes than the blob has");
			const pieces = wanted.take(piece);
			if (pieces === undefined)
				throw registryError("range", answer.url, "sends ranges in another order than asked for");
			yield* pieces;
			// The rest of a whole blob is not waited for.
			if (wanted.isEmpty && piece.offset + piece.bytes.length < this.#size && answer.status === 200) return;
		}
	}

	#ask(ranges: readonly { start: number; end: number }[], signal: AbortSignal | undefined): Promise<Answer> {
		const range = `bytes=${ranges.map(({ start, end }) => `${start}-${end - 1}`).join(",")}`;
		return this.#endpoint.request({
			url: `/v2/${this.#repository}/blobs/${this.#digest}`,
			access: { repository: this.#repository, actions: "pull" },
			expected: PARTS_EXPECTED,
			signal,
			...(!this.#isWhole(ranges) && { headers: { range } }),
		});
	}

	#isWhole([first]: readonly { start: number; end: number }[]): boolean {
		return first?.start === 0 && first.end === this.#size;
	}

	#compareTags({ headers, url }: Answer): void {
		const tag = headers.get("etag");
		if (tag === null || !tag.startsWith('"')) return;
		const known = this.#etags.get(url.origin);
		if (known !== undefined && known !== tag)
			throw registryError("changed", url, "the blob has another etag than when it was begun");
		this.#etags.set(url.origin, tag);
	}
}

/**
 * What is wrong with an answer that ends before what was asked for. A server may give a part of a range; whoever asks for
 * the rest has it. Of several ranges, it gives some or the first alone.
 */
function tooFew({ url }: Answer, asked: readonly unknown[], received: number): ComposefsError | undefined {
	const text = "answers with fewer bytes than asked for";
	if (asked.length > 1) return registryError("range", url, text);
	return received >= PROGRESS ? undefined : registryError("truncated", url, text);
}

/** Whether a server, asked for several ranges, can only be asked for each. */
function isRefusal(error: unknown): boolean {
	if (!(error instanceof ComposefsError) || error.code !== "ERR_COMPOSEFS_REGISTRY") return false;
	return error.rule === "range" || (error.status !== undefined && REFUSALS.has(error.status));
}
