/** The JSON of composefs-from-json as a source: tables of contents, laid into one root. */
import { headOf, openInput } from "./input.ts";
import type { SourceKind } from "./kind.ts";

const HEAD_SIZE = 512;

export const tocSource: SourceKind = {
	name: "toc",
	description: "JSON that composefs-from-json read: tables of contents, later ones over earlier ones",
	options: [],
	takesSeveral: true,
	isParsed: true,
	async detects(path) {
		return /^\s*\{/.test((await headOf(path, HEAD_SIZE)).toString("latin1"));
	},
	async read(sources, _options, { signal }) {
		const { parseTocJson } = await import("../../toc/index.ts");
		return parseTocJson(
			sources.map((source) => openInput(source, signal)),
			{ signal },
		);
	},
};
