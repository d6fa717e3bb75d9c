/** A directory as a source, with the options of mkcomposefs. */
import { lstat, realpath } from "node:fs/promises";
import path from "node:path";
import { Option } from "commander";
import type { FromDirectoryOptions } from "../../directory/index.ts";
import type { Tree } from "../../tree.ts";
import { UsageError } from "../exit.ts";
import type { Held } from "../held.ts";
import { warn } from "../print.ts";
import type { SourceKind, SourceOptions } from "./kind.ts";

const options = [
	new Option("--store <folder>", "put the contents of files into this object store"),
	new Option("--digest-store <folder>", "the same as --store, by mkcomposefs's name"),
	new Option("--use-epoch", "set all times to 1970-01-01"),
	new Option("--skip-devices", "leave out device nodes"),
	new Option("--skip-xattrs", "leave out extended attributes"),
	new Option("--user-xattrs", "keep only extended attributes named user.*"),
	new Option("--break-hard-links", "make each hard link a file of its own, as mkcomposefs does"),
	new Option("--on-changed <policy>", "what to do about files that change meanwhile").choices([
		"error",
		"skip",
	]),
	new Option("--threads <number>", "directories and files to read at a time"),
];

export const directorySource: SourceKind = {
	name: "directory",
	description: "a directory; times after SOURCE_DATE_EPOCH, if that is set, are set to it",
	options,
	async detects(place) {
		const status = await lstat(place).catch(() => undefined);
		return status?.isDirectory() ?? false;
	},
	async read([source = "."], options, { signal, hold }) {
		const { Progress } = await import("../progress.ts");
		const progress = new Progress(process.stderr);
		const settings = { ...toLibrary(options), onProgress: progress.show, onSkip: progress.warn, signal };
		try {
			return await readInto(storeOf(options), source, settings, hold);
		} finally {
			progress.end();
		}
	},
};

/** What is in the store becomes part of the image, and so objects: more with each build. */
async function warnIfInside(store: string, source: string): Promise<void> {
	const [inner, outer] = await Promise.all([realPlace(store), realPlace(source)]);
	const way = path.relative(outer, inner);
	if (way === ".." || way.startsWith(`..${path.sep}`)) return;
	warn(`the store ${store} is in ${source}: its objects are files of the image`);
}

/** Without symlinks, also of what is not there yet. */
async function realPlace(place: string): Promise<string> {
	const whole = path.resolve(place);
	const { dir, base } = path.parse(whole);
	return realpath(whole).catch(async () => (base === "" ? whole : path.join(await realPlace(dir), base)));
}

async function readInto(
	folder: string | undefined,
	source: string,
	settings: FromDirectoryOptions,
	hold: Held["hold"],
): Promise<Tree> {
	const loading = import("../../directory/index.ts");
	if (folder === undefined) return (await loading).fromDirectory(source, settings);
	await warnIfInside(folder, source);
	const [{ fromDirectory }, { ObjectStore }] = await Promise.all([loading, import("../../store/index.ts")]);
	const parallel = settings.threads;
	const store = hold(await ObjectStore.open(folder, { sync: "flush", ...(parallel && { parallel }) }));
	const tree = await fromDirectory(source, { ...settings, store });
	await store.flush({ signal: settings.signal });
	return tree;
}

function storeOf({ store, digestStore }: SourceOptions): string | undefined {
	if (store !== undefined && digestStore !== undefined)
		throw new UsageError("--store and --digest-store are the same");
	return (store ?? digestStore) as string | undefined;
}

function toLibrary(options: SourceOptions): FromDirectoryOptions {
	const threads = options.threads === undefined ? undefined : Number(options.threads);
	if (threads !== undefined && !(Number.isInteger(threads) && threads > 0))
		throw new UsageError(`--threads is ${options.threads}, not a number from 1 on`);
	if (options.skipXattrs && options.userXattrs)
		throw new UsageError("--skip-xattrs and --user-xattrs exclude each other");
	return {
		useEpoch: options.useEpoch === true,
		skipDevices: options.skipDevices === true,
		skipXattrs: options.skipXattrs === true,
		userXattrs: options.userXattrs === true,
		breakHardLinks: options.breakHardLinks === true,
		onChanged: options.onChanged === "skip" ? "skip" : "error",
		clampMtime: sourceDateEpoch(),
		threads,
	};
}

/** Seconds since 1970 (reproducible-builds.org/specs/source-date-epoch). */
function sourceDateEpoch(): number | undefined {
	const text = process.env.SOURCE_DATE_EPOCH;
	if (!text) return undefined;
	if (!/^\d{1,12}$/.test(text)) throw new UsageError(`SOURCE_DATE_EPOCH is ${text}, not a number of seconds`);
	return Number(text);
}
