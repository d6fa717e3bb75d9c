/** Content on its way into a store. */
import { BatchQueue, type Request } from "../batch-queue.ts";
import type { ComposefsError } from "../errors.ts";
import { awaitJob, type NativeContent, type NativeStore, type NativeStored, toError } from "../native.ts";

/** Content that is put as a whole. */
export interface PutRequest extends Request {
	readonly content: NativeContent;
	/** What an error calls it. */
	readonly file: string | undefined;
}

export class PutQueue extends BatchQueue<PutRequest, NativeStored> {
	constructor(store: NativeStore, parallel: number) {
		super(parallel, (requests, signal) => putAll(store, requests, signal));
	}
}

async function putAll(
	store: NativeStore,
	requests: readonly PutRequest[],
	signal: AbortSignal | undefined,
): Promise<(NativeStored | ComposefsError)[]> {
	const items = requests.map(({ content }) => content);
	const results = await awaitJob(() => store.put(items), { signal });
	return results.map((result, i) => ("digest" in result ? result : toError(result, requests[i]?.file)));
}
