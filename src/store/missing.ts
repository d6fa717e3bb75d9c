/** What a store lacks of a tree or image. */
import { listObjects, type StoreObject } from "../image/index.ts";
import { toError } from "../native.ts";
import { digestOfPath } from "../object-path.ts";
import { forEachInSlices } from "../slices.ts";
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
	const objects = await listObjects(source, { signal });
	const missing = new Set<StoreObject>();
	const named: { readonly digest: string; readonly object: StoreObject }[] = [];
	const sort = (object: StoreObject) => {
		const digest = digestOfPath(pathInStore(object.path));
		if (digest === undefined) missing.add(object);
		else named.push({ digest, object });
	};
	await forEachInSlices(objects, sort, signal);
	await inspectAll(native, named, { parallel, signal }, ({ object }, seen) => {
		if (seen === null) missing.add(object);
		else if (!("size" in seen)) throw toError(seen, inside(root, object.path).toString());
		else if (seen.size !== object.size) missing.add(object);
	});
	return objects.filter((object) => missing.has(object));
}
