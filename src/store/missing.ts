/** What a store lacks of a tree or image. */
import { listObjects, type StoreObject } from "../image/index.ts";
import { toError } from "../native.ts";
import { digestOfPath } from "../object-path.ts";
import { inspectAll } from "./inspect.ts";
import { inside } from "./list.ts";
import type { OpenStore } from "./open-store.ts";
import { type ImageOrTree, pathInStore } from "./references.ts";

/** The objects that are not there, or have another size, in the order of their paths. */
export async function missingFrom(
	{ root, native, parallel }: OpenStore,
	source: ImageOrTree,
	signal: AbortSignal | undefined,
): Promise<StoreObject[]> {
	const missing: StoreObject[] = [];
	const named: { readonly digest: string; readonly object: StoreObject }[] = [];
	for (const object of await listObjects(source, { signal })) {
		const digest = digestOfPath(pathInStore(object.path));
		if (digest === undefined) missing.push(object);
		else named.push({ digest, object });
	}
	await inspectAll(native, named, { parallel, signal }, ({ object }, seen) => {
		if (seen === null) missing.push(object);
		else if (!("size" in seen)) throw toError(seen, inside(root, object.path).toString());
		else if (seen.size !== object.size) missing.push(object);
	});
	return missing.sort((a, b) => (a.path < b.path ? -1 : 1));
}
