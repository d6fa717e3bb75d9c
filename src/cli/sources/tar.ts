/** Archives as a source: layers, applied in their order. */
import { Option } from "commander";
import type { Profile } from "../../oci/index.ts";
import { profileOption } from "../image-options.ts";
import { headOf, openInput } from "./input.ts";
import type { SourceKind } from "./kind.ts";

/** gzip, zstd; zstd's frames that mean nothing have 16 of them. */
const COMPRESSED = /^(?:1f8b|28b52ffd|5.2a4d18)/;
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
		return COMPRESSED.test(head.toString("hex", 0, 4)) || head.toString("latin1", MAGIC_AT) === MAGIC;
	},
	async read(sources, { store, profile }, signal) {
		const { layTars } = await import("../../oci/index.ts");
		const { withContents } = await import("../contents.ts");
		const tars = sources.map((source) => openInput(source, signal));
		return withContents(store as string | undefined, (contents) =>
			layTars(tars, { store: contents, profile: profile as Profile, signal }),
		);
	},
};
