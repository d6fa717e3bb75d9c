/** An OCI image of this machine as a source. */
import path from "node:path";
import { Option } from "commander";
import { type Profile, pullImage } from "../../oci/index.ts";
import { withContents } from "../contents.ts";
import { UsageError } from "../exit.ts";
import { parsePlatform, platformOption, profileOption } from "../image-options.ts";
import { openPlace, splitPath } from "../image-place.ts";
import { LayerProgress } from "../layer-progress.ts";
import { Progress } from "../progress.ts";
import { headOf } from "./input.ts";
import type { SourceKind } from "./kind.ts";

const NAMED = /^(?:oci|oci-archive|docker-archive):/;

export const ociSource: SourceKind = {
	name: "oci",
	description: "an image: FOLDER[:TAG] of a layout, oci-archive:FILE[:TAG], docker-archive:FILE[:NAME:TAG]",
	options: [
		new Option("--store <folder>", "put the contents of files into this object store"),
		platformOption(),
		profileOption("raw"),
	],
	async detects(source) {
		if (NAMED.test(source)) return true;
		return (await headOf(path.join(splitPath(source).path, "oci-layout"), 1)).length > 0;
	},
	async read([source = ""], options, signal) {
		if (/^docker:\/\//.test(source)) throw new UsageError("an image of a registry is pulled: composefs pull");
		const place = await openPlace(NAMED.test(source) ? source : `oci:${source}`, {}, signal);
		const platform = parsePlatform(options.platform as string | undefined);
		const image = await place.resolve({ platform, signal });
		const line = new Progress(process.stderr);
		const progress = new LayerProgress(line, image);
		const profile = options.profile as Profile;
		const settings = { profile, signal, onProgress: progress.show };
		try {
			return await withContents(options.store as string | undefined, (store) =>
				pullImage(progress.watch(image), { ...settings, store }),
			);
		} finally {
			line.end();
		}
	},
};
