/** The kinds of sources that `composefs build` knows. */
import type { Option } from "commander";
import { directorySource } from "./directory.ts";
import { dumpSource } from "./dump.ts";
import type { SourceKind } from "./kind.ts";

/** In the order in which they are asked about a path; the last is what no other is. */
export const SOURCES: readonly SourceKind[] = [directorySource, dumpSource];

/** The options of all kinds, each once. */
export function sourceOptions(): Option[] {
	const byName = new Map<string, Option>();
	for (const option of SOURCES.flatMap(({ options }) => options))
		if (!byName.has(option.attributeName())) byName.set(option.attributeName(), option);
	return [...byName.values()];
}

/** The kind of a name, or else what the source looks like. */
export async function findSource(source: string, name: string | undefined): Promise<SourceKind> {
	for (const kind of SOURCES)
		if (name === undefined ? source !== "-" && (await kind.detects?.(source)) : kind.name === name)
			return kind;
	return SOURCES.at(-1) as SourceKind;
}

/** The first option that was given and is none of a kind's. */
export function foreignOption(kind: SourceKind, isGiven: (name: string) => boolean): Option | undefined {
	const own = new Set(kind.options.map((option) => option.attributeName()));
	return sourceOptions().find(
		(option) => isGiven(option.attributeName()) && !own.has(option.attributeName()),
	);
}
