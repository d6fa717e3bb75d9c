/** Short answers in one piece: manifests, tokens, lists. */
import { registryError } from "./fault.ts";
import type { Answer } from "./transport.ts";

/**
 * The body of an answer, of at most `limit` bytes.
 *
 * @throws ComposefsError ERR_COMPOSEFS_REGISTRY, rules `document-size`, `truncated`, `connection`, `stalled`
 */
export async function readDocument(answer: Answer, limit: number): Promise<Buffer> {
	const length = answer.headers.get("content-length");
	const tooLong = () => registryError("document-size", answer.url, `more than ${limit} bytes`, { limit });
	if (Number(length) > limit) {
		answer.cancel();
		throw tooLong();
	}
	const pieces: Uint8Array[] = [];
	let size = 0;
	for await (const piece of answer.body()) {
		size += piece.length;
		if (size > limit) throw tooLong();
		pieces.push(piece);
	}
	const isWhole = length === null || answer.headers.has("content-encoding") || size === Number(length);
	if (!isWhole) throw registryError("truncated", answer.url, `${size} bytes instead of ${length}`);
	return Buffer.concat(pieces, size);
}
