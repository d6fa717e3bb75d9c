/** composefs-dump(5) text as a source. */
import { createReadStream } from "node:fs";
import { parseDump } from "../../dump/index.ts";
import type { SourceKind } from "./kind.ts";

export const dumpSource: SourceKind = {
	name: "dump",
	description: "composefs-dump(5) text; - is stdin",
	options: [],
	read(source, _options, signal) {
		const text = source === "-" ? process.stdin : createReadStream(source, { highWaterMark: 1 << 18 });
		return parseDump(text, { signal });
	},
};
