/** An OCI image of this machine as a source. */
import path from "node:path";
import { Option } from "commander";
import { UsageError } from "../exit.ts";
import { platformOption, profileOption } from "../image-options.ts";
import { splitTaggedPath } from "../tagged-path.ts";
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
		return (await headOf(path.join(splitTaggedPath(source).path, "oci-layout"), 1)).length > 0;
	},
	async read([source = ""], options, signal) {
		if (/^docker:\/\//.test(source)) throw new UsageError("an image of a registry is pulled: composefs pull");
		const { readOciImage } = await import("./read-oci.ts");
		return readOciImage(NAMED.test(source) ? source : `oci:${source}`, options, signal);
	},
};
