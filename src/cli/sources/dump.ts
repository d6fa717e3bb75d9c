/** composefs-dump(5) text as a source. */
import { openInput } from "./input.ts";
import type { SourceKind } from "./kind.ts";

export const dumpSource: SourceKind = {
	name: "dump",
	description: "composefs-dump(5) text; - is stdin",
	options: [],
	isParsed: true,
	async read([source = "-"], _options, { signal }) {
		const { parseDump } = await import("../../dump/index.ts");
		return parseDump(openInput(source, signal), { signal });
	},
};
