/** The image that a command writes: where it goes, and the format versions that it may have. */
import { access, constants, lstat } from "node:fs/promises";
import path from "node:path";
import { type Command, Option } from "commander";
import { systemCall } from "../system-call.ts";
import type { Tree } from "../tree.ts";
import { type WrittenImage, writeImage } from "../write.ts";
import { UsageError } from "./exit.ts";
import { warn } from "./print.ts";

export interface VersionOptions {
	readonly minVersion: number;
	readonly maxVersion: number;
}

export function addVersionOptions(command: Command): Command {
	return command
		.addOption(version("--min-version <version>", "lowest format version to use", 0))
		.addOption(version("--max-version <version>", "highest format version to use where needed", 1));
}

function version(flags: string, description: string, value: number): Option {
	const parse = (text: string) => (/^[01]$/.test(text) ? Number(text) : Number.NaN);
	return new Option(flags, description).argParser(parse).default(value);
}

/** @throws UsageError */
export function checkVersions({ minVersion, maxVersion }: VersionOptions): void {
	if (Number.isNaN(minVersion) || Number.isNaN(maxVersion))
		throw new UsageError("a format version is 0 or 1");
	if (minVersion > maxVersion) throw new UsageError("--min-version is greater than --max-version");
}

/**
 * Asks for the folder of a new image before the work that the image is made of: a pull takes hours. Whatever is there
 * already is for writing to judge.
 *
 * @throws ComposefsError: the error of the system call
 */
export async function checkCanBeMade(to: string | undefined): Promise<void> {
	if (to === undefined || to === "-" || (await lstat(to).catch(() => undefined)) !== undefined) return;
	const folder = path.dirname(to);
	await systemCall(access(folder, constants.W_OK), folder);
}

/** What a command tells of the image that it wrote, as JSON. */
export function writtenToJson(to: string | undefined, written: WrittenImage): Record<string, unknown> {
	const { digest, size, version, warnings } = written;
	return { ...(to !== undefined && { image: to }), digest, size, version, warnings };
}

/**
 * Writes the image of a tree; warnings go to stderr.
 *
 * @param to   `-` is stdout; undefined is nowhere, for the digest alone
 */
export async function writeTree(
	tree: Tree,
	to: string | undefined,
	{ minVersion, maxVersion }: VersionOptions,
	signal: AbortSignal,
): Promise<WrittenImage> {
	const destination = to === undefined ? { digestOnly: true } : { to: to === "-" ? process.stdout : to };
	const written = await writeImage(tree, { minVersion, maxVersion, signal, ...destination });
	for (const { message } of written.warnings) warn(message);
	return written;
}
