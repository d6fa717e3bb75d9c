/** The fs-verity digests of many files: several in one job, since a job for each would cost more than most files. */
import { BatchQueue, type Request } from "./batch-queue.ts";
import type { ComposefsError } from "./errors.ts";
import { type FilePath, pathToBytes, pathToString } from "./file-path.ts";
import { packPaths, unpackDigests } from "./found-files.ts";
import { awaitJob, toError } from "./native.ts";
import { forEachParallel, MOST_JOBS } from "./parallel.ts";

/** Numbers of the kernel (FS_VERITY_HASH_ALG_*), and bytes of a digest. */
export const ALGORITHMS = {
	sha256: { number: 1, size: 32 },
	sha512: { number: 2, size: 64 },
} as const;

export type Algorithm = keyof typeof ALGORITHMS;

interface DigestRequest extends Request {
	readonly file: FilePath;
	/** The same in bytes. */
	readonly path: Uint8Array;
}

/** Of one job; of fewer files there are several for each thread, so that they end together. */
const MAX_FILES = 128;
const SHARES = 4;

const queues: Readonly<Record<Algorithm, BatchQueue<DigestRequest, string>>> = {
	sha256: new BatchQueue(MOST_JOBS, (requests, signal) => digestAll(requests, "sha256", signal)),
	sha512: new BatchQueue(MOST_JOBS, (requests, signal) => digestAll(requests, "sha512", signal)),
};

/** The digest of a file; what is asked for at once travels together. */
export function queueDigest(
	file: FilePath,
	algorithm: Algorithm,
	signal: AbortSignal | undefined,
): Promise<string> {
	return queues[algorithm].add({ file, path: pathToBytes(file), size: 0, signal });
}

/** In the order of the files. */
export async function digestPaths(
	files: readonly FilePath[],
	algorithm: Algorithm,
	signal: AbortSignal | undefined,
): Promise<(string | ComposefsError)[]> {
	const requests = files.map((file) => ({ file, path: pathToBytes(file), size: 0, signal }));
	const share = Math.max(1, Math.min(MAX_FILES, Math.ceil(files.length / (MOST_JOBS * SHARES))));
	const results = new Array<string | ComposefsError>(files.length);
	const digest = async (at: number, either: AbortSignal) => {
		const part = requests.slice(at, at + share);
		const digests = await queues[algorithm].run(() => digestAll(part, algorithm, either), either);
		for (const [i, result] of digests.entries()) results[at + i] = result;
	};
	await forEachParallel(range(files.length, share), MOST_JOBS, digest, signal);
	return results;
}

async function digestAll(
	requests: readonly DigestRequest[],
	algorithm: Algorithm,
	signal: AbortSignal | undefined,
): Promise<(string | ComposefsError)[]> {
	const paths = packPaths(requests.map(({ path }) => path));
	const nameOf = (i: number) => pathToString((requests[i] as DigestRequest).file);
	return digestPacked({ paths }, algorithm, nameOf, signal);
}

/**
 * One job: for each file its digest, or why it has none.
 *
 * @param nameOf   what the error of a file calls it
 * @throws the reason of `signal`
 */
export async function digestPacked(
	{ paths, identities }: { readonly paths: Uint8Array; readonly identities?: BigInt64Array },
	algorithm: Algorithm,
	nameOf: (file: number) => string | undefined,
	signal: AbortSignal | undefined,
): Promise<(string | ComposefsError)[]> {
	const { number, size } = ALGORITHMS[algorithm];
	const job = awaitJob((addon) => addon.digestFiles(paths, number, identities), { signal });
	const { digests, failures } = await job;
	return unpackDigests(digests, size).map((digest, i) => {
		const failure = failures[i];
		return failure === undefined ? digest : toError(failure, nameOf(i));
	});
}

function* range(end: number, step: number): Generator<number> {
	for (let at = 0; at < end; at += step) yield at;
}
