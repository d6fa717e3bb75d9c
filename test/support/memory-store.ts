/** A store in memory, to see what comes into it. */

import type { ContentChunk } from "../../src/content.ts";
import { computeDigest } from "../../src/digest.ts";
import type { ContentStore } from "../../src/oci/contents.ts";

export class MemoryStore implements ContentStore {
	/** By path. */
	readonly objects = new Map<string, Uint8Array>();
	flushes = 0;
	/** What is being put now, and the most there ever was. */
	running = 0;
	most = 0;
	/** Called before each object is kept. */
	before: (bytes: Uint8Array) => Promise<void> | void = () => undefined;

	async put(
		content: Uint8Array | AsyncIterable<ContentChunk>,
		{ signal, size }: { signal?: AbortSignal | undefined; size?: number | undefined },
	): Promise<{ digest: string; path: string }> {
		this.most = Math.max(this.most, ++this.running);
		try {
			const bytes = content instanceof Uint8Array ? content : await gathered(content);
			await this.before(bytes);
			signal?.throwIfAborted();
			if (bytes.length !== size) throw new Error(`${bytes.length} bytes, not ${size}`);
			const digest = await computeDigest(bytes);
			const path = `${digest.slice(0, 2)}/${digest.slice(2)}`;
			this.objects.set(path, Buffer.from(bytes));
			return { digest, path };
		} finally {
			this.running--;
		}
	}

	async flush(): Promise<void> {
		this.flushes++;
	}
}

async function gathered(content: AsyncIterable<ContentChunk>): Promise<Buffer> {
	const pieces: Uint8Array[] = [];
	for await (const chunk of content)
		pieces.push(chunk instanceof Uint8Array ? Buffer.from(chunk) : Buffer.alloc(chunk.hole));
	return Buffer.concat(pieces);
}
