/** Many files at once: their arguments and results are packed, since objects for each cost more than most files. */
import type { ComposefsError } from "../errors.ts";
import { pathToString } from "../file-path.ts";
import { type FoundFile, packFiles, unpackDigests } from "../found-files.ts";
import { nameToBytes } from "../names.ts";
import { awaitJob, type NativeStore, toError } from "../native.ts";
import { objectPath } from "../object-path.ts";
import type { PutQueue } from "./queue.ts";
import type { StoredObject } from "./stored.ts";

/** For each file its object, or why there is none. Only the job itself counts as one of the queue's. */
export async function putFiles(
	store: NativeStore,
	queue: PutQueue,
	files: readonly FoundFile[],
	signal: AbortSignal | undefined,
): Promise<(StoredObject | ComposefsError)[]> {
	const { paths, identities } = packFiles(files);
	const job = () => awaitJob(() => store.putFiles(paths, identities), { signal });
	const { digests, existed, failures } = await queue.run(job, signal);
	const names = unpackDigests(digests);
	return files.map(({ path, size }, i) => {
		const failure = failures[i];
		if (failure !== undefined) return toError(failure, pathToString(nameToBytes(path)));
		const digest = names[i] as string;
		return { digest, path: objectPath(digest), size, existed: existed[i] === 1 };
	});
}
