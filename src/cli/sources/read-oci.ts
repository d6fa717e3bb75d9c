/** What reading an OCI image of this machine takes: much, so that it is loaded when one is read. */
import type { Profile } from "../../oci/index.ts";
import type { Tree } from "../../tree.ts";
import { openContents } from "../contents.ts";
import { parsePlatform } from "../image-options.ts";
import { openPlace } from "../image-place.ts";
import { pullShown } from "../layer-progress.ts";
import type { ReadContext, SourceOptions } from "./kind.ts";

/** @param place   with `oci:`, `oci-archive:` or `docker-archive:` in front */
export async function readOciImage(
	place: string,
	options: SourceOptions,
	{ signal, hold }: ReadContext,
): Promise<Tree> {
	const platform = parsePlatform(options.platform as string | undefined);
	const image = await (await openPlace(place, {}, signal)).resolve({ platform, signal });
	const profile = options.profile as Profile;
	const store = await openContents(options.store as string | undefined, hold);
	return pullShown(image, { store, profile, signal });
}
