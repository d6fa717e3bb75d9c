/** Contents that a store has, by their SHA-256. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { ContentName, FoundContent } from "../content.ts";
import { objectPath } from "../object-path.ts";
import { fromSystem } from "../system-call.ts";
import { inspectAll } from "./inspect.ts";
import { inside } from "./list.ts";
import type { OpenStore } from "./open-store.ts";
import type { Trust } from "./options.ts";

interface Candidate extends ContentName {
	readonly digest: string;
	readonly index: number;
}

/** In the order of what is asked for. */
export async function findContents(
	store: OpenStore & { readonly trust: Trust; readonly isHeld: boolean },
	contents: readonly ContentName[],
	signal: AbortSignal | undefined,
): Promise<(FoundContent | undefined)[]> {
	const known = await store.index.lookUp(new Set(contents.map(({ sha256 }) => sha256)), signal);
	const found: (FoundContent | undefined)[] = contents.map(() => undefined);
	const candidates: Candidate[] = [];
	for (const [index, { sha256, size }] of contents.entries()) {
		const content = known.get(sha256);
		if (content instanceof Uint8Array) found[index] = content.length === size ? content : undefined;
		else if (content?.size === size) candidates.push({ sha256, size, digest: content.digest, index });
	}
	const { trust, native, parallel, isHeld } = store;
	const sound: Candidate[] = [];
	const options = { trust: trust === "size" ? undefined : trust, needed: isHeld, parallel, signal };
	await inspectAll(native, candidates, options, (candidate, seen) => {
		if (seen === null || !("size" in seen) || seen.size !== candidate.size) return;
		if (trust === "size" || seen.sound) sound.push(candidate);
	});
	for (const candidate of sound)
		if (trust !== "content" || (await hasContent(store.root, candidate, signal)))
			found[candidate.index] = { digest: candidate.digest, path: objectPath(candidate.digest) };
	return found;
}

async function hasContent(
	root: Buffer,
	{ digest, sha256 }: Candidate,
	signal: AbortSignal | undefined,
): Promise<boolean> {
	const path = inside(root, objectPath(digest));
	try {
		return (await sha256Of(path, signal)) === sha256;
	} catch (error) {
		if (Object(error).code === "ENOENT") return false; // somebody has removed it since it was looked at
		signal?.throwIfAborted();
		throw fromSystem(error, path.toString());
	}
}

async function sha256Of(path: Buffer, signal: AbortSignal | undefined): Promise<string> {
	const hash = createHash("sha256");
	for await (const bytes of createReadStream(path, { highWaterMark: 1 << 18, ...(signal && { signal }) }))
		hash.update(bytes);
	return hash.digest("hex");
}
