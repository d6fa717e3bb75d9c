/** What happens, told to who asks: lines by NODE_DEBUG=composefs, and channels of node:diagnostics_channel. */
import { channel, type TracingChannel, tracingChannel } from "node:diagnostics_channel";
import { debuglog } from "node:util";

/** An operation: what is known when it begins, and what its result says. */
export interface Traced<Context, Result> {
	readonly context: Context;
	readonly result: Result;
}

/** The tracing channels, by name: `tracing:composefs:write-image:start` and so on. */
export interface Diagnostics {
	readonly "composefs:write-image": Traced<
		/** The file, if the image goes to one by its path. */
		{ readonly to: string | undefined },
		{ readonly digest: string; readonly size: number; readonly version: number }
	>;
	readonly "composefs:read-image": Traced<
		/** The file, if the image is named by its path. */
		{ readonly source: string | undefined },
		{ readonly inodes: number; readonly size: number }
	>;
	readonly "composefs:store-put": Traced<
		/** The store's folder. */
		{ readonly store: string },
		{ readonly digest: string; readonly path: string; readonly size: number; readonly existed: boolean }
	>;
	readonly "composefs:pull-layer": Traced<
		{ readonly image: string; readonly layer: number; readonly digest: string; readonly size: number },
		/** Whether it is read by its table of contents, and what is wrong with one that is there and not used. */
		{ readonly partial: boolean; readonly refusal: Error | undefined }
	>;
	readonly "composefs:fetch-missing": Traced<
		/** Places of the layers that are read by their tables. */
		{ readonly image: string; readonly layers: readonly number[] },
		{ readonly contents: number; readonly requests: number; readonly bytes: number }
	>;
	readonly "composefs:registry-request": Traced<
		/** The URL without its query, in which secrets may stand. */
		{ readonly method: string; readonly url: string },
		{ readonly status: number }
	>;
	readonly "composefs:mount": Traced<
		{ readonly image: string; readonly target: string; readonly verity: string; readonly digest?: string },
		{ readonly target: string }
	>;
	readonly "composefs:unmount": Traced<{ readonly target: string }, Record<string, never>>;
}

export type DiagnosticsName = keyof Diagnostics;
type Context<Name extends DiagnosticsName> = Diagnostics[Name]["context"];
type Result<Name extends DiagnosticsName> = Diagnostics[Name]["result"];

/** The message of a tracing channel, for its subscribers: the same object for all events of one call. */
export type DiagnosticsMessage<Name extends DiagnosticsName> = Diagnostics[Name]["context"] & {
	/** From `asyncStart` on, unless it failed. */
	readonly result?: Diagnostics[Name]["result"];
	/** What was thrown. */
	readonly error?: unknown;
};

/** What `composefs:registry-body` tells when the body of an answer has been read, or is given up. */
export interface BodyMessage {
	readonly method: string;
	readonly url: string;
	readonly status: number;
	/** Bytes that came. */
	readonly bytes: number;
	/** Whether they are all. */
	readonly complete: boolean;
}

const log = debuglog("composefs");
const bodies = channel("composefs:registry-body");

type Words = { readonly [Name in DiagnosticsName]: (context: Context<Name>, result: Result<Name>) => string };

/** What NODE_DEBUG says of each; of objects, there are too many for a line each. */
const WORDS: Omit<Words, "composefs:store-put"> = {
	"composefs:write-image": ({ to = "memory" }, { size, version, digest }) =>
		`image of ${size} bytes, version ${version}, to ${to}, digest ${digest}`,
	"composefs:read-image": ({ source = "memory" }, { size, inodes }) =>
		`image of ${size} bytes, ${inodes} inodes, read from ${source}`,
	"composefs:pull-layer": ({ layer, digest, size }, { partial, refusal }) =>
		`layer ${layer}, ${digest}, ${size} bytes, ${partial ? "by its table" : `as a whole${because(refusal)}`}`,
	"composefs:fetch-missing": (_, { contents, requests, bytes }) =>
		`${contents} missing contents, ${bytes} bytes in ${requests} requests`,
	"composefs:registry-request": ({ method, url }, { status }) => `${method} ${url} answered ${status}`,
	"composefs:mount": ({ image, target, verity }) => `${image} mounted at ${target}, verity ${verity}`,
	"composefs:unmount": ({ target }) => `${target} unmounted`,
};

function because(refusal: Error | undefined): string {
	return refusal === undefined ? "" : `, its table was refused: ${refusal.message}`;
}

const channels = new Map<DiagnosticsName, TracingChannel>();

function channelOf(name: DiagnosticsName): TracingChannel {
	const made = channels.get(name) ?? tracingChannel(name);
	channels.set(name, made);
	return made;
}

/** Whether anybody listens. Not the channel's own hasSubscribers, which not every runtime has. */
function isHeard({ start, end, asyncStart, asyncEnd, error }: TracingChannel): boolean {
	const { hasSubscribers } = start;
	const others = end.hasSubscribers || asyncStart.hasSubscribers || asyncEnd.hasSubscribers;
	return hasSubscribers || others || error.hasSubscribers;
}

/**
 * Does work, and tells of it on its channel and by NODE_DEBUG. Where nobody listens, it only does it.
 *
 * @param begin     makes the context, if somebody listens
 * @param resultOf  what is told of the result
 */
export function trace<Name extends DiagnosticsName, T>(
	name: Name,
	begin: () => Context<Name>,
	work: () => Promise<T>,
	resultOf: (value: T) => Result<Name>,
): Promise<T> {
	const told = channelOf(name);
	if (!log.enabled && !isHeard(told)) return work();
	return traceAloud(name, told, begin(), work, resultOf);
}

async function traceAloud<Name extends DiagnosticsName, T>(
	name: Name,
	told: TracingChannel,
	context: Context<Name>,
	work: () => Promise<T>,
	resultOf: (value: T) => Result<Name>,
): Promise<T> {
	const started = performance.now();
	const took = () => `${(performance.now() - started).toFixed(1)} ms`;
	let value: { readonly of: T } | undefined;
	const run = async () => {
		value = { of: await work() };
		return resultOf(value.of);
	};
	const words = (WORDS as Partial<Words>)[name];
	try {
		const result = await told.tracePromise(run, { ...context });
		if (words !== undefined) log("%s, %s", words(context, result), took());
	} catch (error) {
		log(
			"%s failed after %s: %s",
			name.slice("composefs:".length),
			took(),
			error instanceof Error ? error.message : error,
		);
		throw error;
	}
	return (value as unknown as { readonly of: T }).of;
}

/** The bytes of an answer of a registry are through. */
export function tellBody(message: BodyMessage): void {
	if (bodies.hasSubscribers) bodies.publish(message);
	const { method, url, status, bytes, complete } = message;
	if (log.enabled) log("%s %s %d, %d bytes%s", method, url, status, bytes, complete ? "" : ", not all");
}

/** A line by NODE_DEBUG alone. The arguments are made only if it is asked for. */
export function say(format: string, values: () => readonly unknown[]): void {
	if (log.enabled) log(format, ...values());
}
