/** What a kind of source is to `composefs build`: one file each beside this one, one line each in table.ts. */
import type { Option } from "commander";
import type { Tree } from "../../tree.ts";
import type { Held } from "../held.ts";

export interface SourceKind {
	/** As `--from` has it. */
	readonly name: string;
	readonly description: string;
	/** Options that make sense for this kind alone, or for those kinds that name them too. */
	readonly options: readonly Option[];
	/** Whether a path is one, when `--from` does not say; left out by the kind that is what no other is. */
	detects?(path: string): Promise<boolean>;
	/** Whether it can be made of several: layers, laid over each other in their order. Default: one */
	readonly takesSeveral?: true;
	/** Its sources are texts or archives, read by a parser that does not know their names. Default: it knows */
	readonly isParsed?: true;
	/** Makes the tree. @param sources   one; or several, if that kind takes them */
	read(sources: readonly string[], options: SourceOptions, context: ReadContext): Promise<Tree>;
}

export interface ReadContext {
	readonly signal: AbortSignal;
	/** Keeps a store open until the image is written. */
	readonly hold: Held["hold"];
}

/** The values of all options, by commander's names for them. */
export type SourceOptions = Readonly<Record<string, unknown>>;

/** The options of all kinds, each once. */
export function sourceOptions(kinds: readonly SourceKind[]): Option[] {
	const byName = new Map<string, Option>();
	for (const option of kinds.flatMap(({ options }) => options))
		if (!byName.has(option.attributeName())) byName.set(option.attributeName(), option);
	return [...byName.values()];
}

/** The first option that was given and is none of a kind's. */
export function foreignOption(
	kind: SourceKind,
	kinds: readonly SourceKind[],
	isGiven: (name: string) => boolean,
): Option | undefined {
	const own = new Set(kind.options.map((option) => option.attributeName()));
	return sourceOptions(kinds).find(
		(option) => isGiven(option.attributeName()) && !own.has(option.attributeName()),
	);
}
