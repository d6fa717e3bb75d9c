/** Archives as a source: layers, applied in their order. */
import { Option } from "commander";
import { compressionOf } from "../../compression.ts";
import type { Profile } from "../../oci/index.ts";
import { profileOption } from "../image-options.ts";
import { headOf, openInput } from "./input.ts";
import type { SourceKind } from "./kind.ts";

const MAGIC_AT = 257;
const MAGIC = "ustar";

export const tarSource: SourceKind = {
	name: "tar",
	description: "layers of an image as archives, gzip, zstd or neither, from the lowest",
	options: [
		new Option("--store <folder>", "put the contents of files into this object store"),
		profileOption("raw"),
	],
	takesSeveral: true,
	isParsed: true,
	async detects(path) {
		const head = await headOf(path, MAGIC_AT + MAGIC.length);
		return compressionOf(head) !== undefined || head.toString("latin1", MAGIC_AT) === MAGIC;
	},
	async read(sources, { store, profile }, { signal, hold }) {
		const { layTars } = await import("../../oci/index.ts");
		const { openContents } = await import("../contents.ts");
		const tars = sources.map((source) => openInput(source, signal));
		const contents = await openContents(store as string | undefined, hold);
		return layTars(tars, { store: contents, profile: profile as Profile, signal });
	},
};
