/** The one door to the addon, which is loaded on first use. */
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { getSystemErrorMap } from "node:util";
import nodeGypBuild from "node-gyp-build";
import { onAbort } from "./abort.ts";
import type { Native, NativeFailure, NativeJob } from "./addon.ts";
import { say } from "./diagnostics.ts";
import { ComposefsError, type ComposefsErrorCode } from "./errors.ts";

export type * from "./addon.ts";

let loaded: Native | undefined;

/** @throws ComposefsError `ERR_COMPOSEFS_UNSUPPORTED` where there is no addon for this platform. */
export function native(): Native {
	loaded ??= load();
	return loaded;
}

function load(): Native {
	const packageRoot = fileURLToPath(new URL("..", import.meta.url));
	try {
		const addon = nodeGypBuild(packageRoot) as Native;
		say("addon loaded from %s", () => [nodeGypBuild.path(packageRoot)]);
		return addon;
	} catch (cause) {
		const source = existsSync(path.join(packageRoot, "binding.gyp"));
		const message = `composefs has no addon for ${process.platform}-${process.arch}${reason(cause as Error)}`;
		throw new ComposefsError("ERR_COMPOSEFS_UNSUPPORTED", `${message}${source ? remedy(packageRoot) : ""}`, {
			cause,
		});
	}
}

/** Why there is one that does not load; nothing where there is none. */
function reason({ message }: Error): string {
	return message.startsWith("No native build") ? "" : ` that loads (${message.split("\n", 1)[0]})`;
}

function remedy(packageRoot: string): string {
	if (process.platform !== "linux") return "; trees and dumps work without, the rest needs Linux";
	const checkout = existsSync(path.join(packageRoot, "package-lock.json"));
	if (checkout) return "; build it with: node scripts/setup.mjs";
	return `; build it with: cd ${packageRoot} && npm install --ignore-scripts && node scripts/build-addon.mjs`;
}

// A job in flight would keep the process from ending until it is done.
const inFlight = new Set<NativeJob<unknown>>();

function cancelAll(): void {
	for (const job of inFlight) job.cancel();
}

/**
 * Awaits a job, and cancels it when the signal aborts.
 *
 * @param file   the path to name in an error of a system call
 */
export async function awaitJob<T>(
	start: (addon: Native) => NativeJob<T>,
	{ signal, file }: { signal?: AbortSignal | undefined; file?: string | undefined } = {},
): Promise<T> {
	signal?.throwIfAborted();
	const job = callNative(start, file);
	if (inFlight.size === 0) process.on("exit", cancelAll);
	inFlight.add(job);
	const forget = onAbort(signal, job.cancel);
	try {
		return await job.promise;
	} catch (failure) {
		const { cancelled } = failure as NativeFailure;
		if (cancelled) signal?.throwIfAborted();
		throw toError(failure as NativeFailure, file);
	} finally {
		forget();
		inFlight.delete(job);
		if (inFlight.size === 0) process.off("exit", cancelAll);
	}
}

/** Rules of files, and what an error says of one that breaks them. */
const FILE_RULES: Readonly<Record<string, readonly [ComposefsErrorCode, string]>> = {
	changed: ["ERR_COMPOSEFS_CHANGED", "the file is not, or does not stay, the one that was found"],
	busy: ["ERR_COMPOSEFS_STORE", "gc has the store for itself: try again when it is done"],
	"object-type": [
		"ERR_COMPOSEFS_STORE",
		"this is in an object's place, and is no regular file in a folder of its own",
	],
	"object-owner": ["ERR_COMPOSEFS_STORE", "this object belongs to somebody whom the store does not trust"],
	"verity-digest": [
		"ERR_COMPOSEFS_VERITY",
		"the kernel measures another fs-verity digest than that of its bytes",
	],
	"verity-unsupported": [
		"ERR_COMPOSEFS_VERITY",
		"the file system has no fs-verity: it needs ext4 or f2fs with the feature verity (tune2fs -O verity), or btrfs",
	],
};

export function toError(failure: NativeFailure, file: string | undefined): ComposefsError {
	const { errno, syscall, rule = "unknown", record } = failure;
	const path = failure.file ?? file;
	if (errno !== undefined) return systemError(-errno, syscall as string, path);
	const [code, words] = FILE_RULES[rule] ?? [];
	if (code !== undefined) {
		const message = path === undefined ? `${words}` : `${path}: ${words}`;
		return new ComposefsError(code, message, { rule, ...(path !== undefined && { path }) });
	}
	const text = `record ${record} of the tree breaks the rule ${rule}: was the tree changed meanwhile?`;
	return new ComposefsError("ERR_COMPOSEFS_RECORDS", text, { rule });
}

/**
 * The result of a call of the addon, which may fail at once, as a job does: there is no memory for it.
 *
 * @param file   as for `awaitJob`
 */
export function callNative<T>(call: (addon: Native) => T, file?: string): T {
	const addon = native();
	try {
		return call(addon);
	} catch (failure) {
		const { errno } = failure as NativeFailure;
		throw typeof errno === "number" ? toError(failure as NativeFailure, file) : failure;
	}
}

/** An error as node:fs words it. `errno` is negative. */
export function systemError(errno: number, syscall: string, path?: string): ComposefsError {
	const [code, text] = getSystemErrorMap().get(errno) ?? [`E${-errno}`, "unknown error"];
	const where = path === undefined ? "" : ` '${path}'`;
	return new ComposefsError(code, `${code}: ${text}, ${syscall}${where}`, {
		errno,
		syscall,
		...(path !== undefined && { path }),
	});
}
