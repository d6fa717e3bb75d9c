/** What is on this machine and was named as if it were in a registry. */
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { UsageError } from "./exit.ts";
import { splitTaggedPath } from "./tagged-path.ts";

/**
 * A folder or archive with its bare name would be asked of Docker Hub.
 *
 * @param text   a reference, without `docker://` in front
 * @throws UsageError
 */
export function checkIsRemote(text: string): void {
	const { path: place } = splitTaggedPath(text);
	const isPath = /^\.{0,2}\//.test(text);
	const registry = isPath ? "" : `; or docker://${text} if a registry's is meant`;
	if (existsSync(path.join(place, "oci-layout")))
		throw new UsageError(`${place} is a folder here: oci:${text}${registry}`);
	if (place.endsWith(".tar") && existsSync(place) && statSync(place).isFile())
		throw new UsageError(`${place} is a file here: oci-archive:${text} or docker-archive:${text}${registry}`);
	if (isPath)
		throw new UsageError(
			`${text} is a path, not the name of an image in a registry: oci:FOLDER, oci-archive:FILE and docker-archive:FILE are images here`,
		);
}
