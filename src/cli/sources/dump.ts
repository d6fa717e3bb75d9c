/** composefs-dump(5) text as a source. */
import { parseDump } from "../../dump/index.ts";
import { openInput } from "./input.ts";
import type { SourceKind } from "./kind.ts";

export const dumpSource: SourceKind = {
	name: "dump",
	description: "composefs-dump(5) text; - is stdin",
	options: [],
	read([source = "-"], _options, signal) {
		return parseDump(openInput(source, signal), { signal });
	},
};
