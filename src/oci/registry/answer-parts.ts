/** What an answer to a request for bytes of a blob has of them. */
import type { RangePiece } from "../../blob.ts";
import { registryError } from "./fault.ts";
import { boundaryOf, parseContentRange, parseMultipart } from "./multipart.ts";
import type { Answer } from "./transport.ts";

/** Statuses that `answerParts` takes. */
export const PARTS_EXPECTED: readonly number[] = [200, 206];

/**
 * The bytes of an answer and where in the blob they stand: all of it (200), a range or several (206).
 *
 * @param total bytes of the blob
 * @throws ComposefsError ERR_COMPOSEFS_REGISTRY
 */
export function answerParts(answer: Answer, total: number): AsyncIterable<RangePiece> {
	const { status, headers, url } = answer;
	const encoding = headers.get("content-encoding");
	if (encoding !== null && encoding.toLowerCase() !== "identity")
		throw registryError("content-encoding", url, `the blob comes encoded (${encoding.slice(0, 40)})`);
	if (status === 200) {
		checkWhole(answer, total);
		return pieces(answer, 0, total);
	}
	const boundary = boundaryOf(headers.get("content-type"));
	if (boundary !== undefined) return parseMultipart(answer.body(), boundary, url, total);
	const range = parseContentRange(headers.get("content-range"));
	if (range === undefined) throw registryError("range", url, "does not say which bytes it answers with");
	if ((range.total ?? total) !== total || range.end > total) {
		const text = `has bytes ${range.start} to ${range.end} of ${range.total}; the blob has ${total}`;
		throw registryError("range", url, text);
	}
	return pieces(answer, range.start, range.end);
}

function checkWhole({ headers, url }: Answer, total: number): void {
	const length = headers.get("content-length");
	if (length !== null && Number(length) === total) return;
	// A page for people, of a proxy or a login, is no blob; one of the very length may be.
	if (/^text\/html\b/i.test(headers.get("content-type") ?? ""))
		throw registryError("html", url, "answers with a web page instead of a blob");
	if (length === null) return;
	const text = `answers with ${length} bytes; the blob has ${total}`;
	throw registryError("blob-size", url, text, { limit: total, actual: Number(length) });
}

async function* pieces(answer: Answer, start: number, end: number): AsyncGenerator<RangePiece> {
	let offset = start;
	for await (const bytes of answer.body()) {
		if (offset + bytes.length > end) {
			const text = `sends more than the ${end - start} bytes that there are`;
			throw registryError("blob-size", answer.url, text, { limit: end - start });
		}
		if (bytes.length > 0) yield { offset, bytes };
		offset += bytes.length;
	}
	if (offset < end) {
		const text = `ends after ${offset - start} bytes instead of ${end - start}`;
		throw registryError("truncated", answer.url, text);
	}
}
