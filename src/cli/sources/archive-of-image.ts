/** An archive of a whole image, which looks like a layer: both are tar. */
import type { Tree } from "../../tree.ts";
import { UsageError } from "../exit.ts";

/** @throws UsageError, if a layer's tree is what archives of images have in them */
export function checkIsLayer(source: string, { root: { children } }: Tree): void {
	const form = formOf([...children.keys()]);
	if (form === undefined) return;
	throw new UsageError(
		`${source} has an image in it: ${form}:${source}; if it is a layer after all: --from tar`,
	);
}

function formOf(names: readonly string[]): string | undefined {
	const has = (...wanted: string[]) => wanted.every((name) => names.includes(name));
	if (has("oci-layout", "index.json", "blobs")) return "oci-archive";
	if (!has("manifest.json")) return undefined;
	const config = names.some((name) => name.endsWith(".json") && name !== "manifest.json");
	return config || has("repositories") || has("blobs") ? "docker-archive" : undefined;
}
