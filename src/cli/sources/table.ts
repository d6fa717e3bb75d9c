/** The kinds of sources that `composefs build` knows. */
import { stat } from "node:fs/promises";
import { SUPERBLOCK, SUPERBLOCK_MAGIC } from "../../image/layout.ts";
import { systemCall } from "../../system-call.ts";
import { UsageError } from "../exit.ts";
import { directorySource } from "./directory.ts";
import { dumpSource } from "./dump.ts";
import { headOf } from "./input.ts";
import type { SourceKind } from "./kind.ts";
import { ociSource } from "./oci.ts";
import { tarSource } from "./tar.ts";
import { tocSource } from "./toc.ts";

/** In the order in which they are asked about a path; the last is what no other is. */
export const SOURCES: readonly SourceKind[] = [ociSource, directorySource, tarSource, tocSource, dumpSource];

/** The kind of a name, or else what the source looks like. */
export async function findSource(source: string, name: string | undefined): Promise<SourceKind> {
	for (const kind of SOURCES)
		if (name === undefined ? source !== "-" && (await kind.detects?.(source)) : kind.name === name)
			return kind;
	// What is not there, or is not looked into, has to be told as such, not as a dump that is none.
	if (name !== undefined || source === "-") return SOURCES.at(-1) as SourceKind;
	const status = await systemCall(stat(source), source);
	if (status.isDirectory())
		throw new UsageError(`${source} is a symlink to a directory, and not followed: name it ${source}/`);
	if (await isImage(source)) throw new UsageError(`${source} is an image already`);
	return SOURCES.at(-1) as SourceKind;
}

async function isImage(source: string): Promise<boolean> {
	const { offset } = SUPERBLOCK;
	const head = await headOf(source, offset + 4);
	return head.length === offset + 4 && head.readUInt32LE(offset) === SUPERBLOCK_MAGIC;
}
