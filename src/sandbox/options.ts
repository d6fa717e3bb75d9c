/** What a sandbox is asked for, and what it is without being asked. */
import { availableParallelism } from "node:os";
import { argumentError } from "../errors.ts";
import { type OptionNames, refuseUnknown } from "../known-options.ts";

export interface SandboxOptions {
	/** Processes that are kept ready, and requests that are served at once. Default: as many as there are cores. */
	readonly workers?: number | undefined;
	/** Bytes of memory of a worker, besides those of input and output, and of V8's code. Default: SANDBOX_LIMITS.memory */
	readonly memory?: number | undefined;
	/** Milliseconds of a request's work, once it has a worker and all of its input. Default: SANDBOX_LIMITS.timeout */
	readonly timeout?: number | undefined;
	/** Milliseconds that a request's input may take to come. Default: SANDBOX_LIMITS.inputTimeout */
	readonly inputTimeout?: number | undefined;
	/** Bytes that go into a request. Default: SANDBOX_LIMITS.inputSize */
	readonly inputSize?: number | undefined;
	/** Bytes that come out of a request. Default: SANDBOX_LIMITS.outputSize */
	readonly outputSize?: number | undefined;
	/**
	 * Requests under way at once: at work, waiting for a worker, or with their input on its way. One more is rejected,
	 * with the rule `busy`. Default: no limit
	 */
	readonly requests?: number | undefined;
	/**
	 * Requests that a worker serves before another takes its place. A worker that was taken over can forge the
	 * results of later requests: 1 keeps whoever sent them apart, and costs a start for each. Default: no end
	 */
	readonly requestsPerWorker?: number | undefined;
	/**
	 * Whether V8 may compile to machine code. Without, no memory of a worker ever becomes executable, and
	 * JavaScript is several times slower. Default: true
	 */
	readonly jit?: boolean | undefined;
	/** What the kernel has to enforce; where it does not, `createSandbox` fails. Default: `["seccomp"]` */
	readonly require?: readonly SandboxLayer[] | undefined;
}

export type SandboxLayer = "seccomp" | "landlock";

/** Limits of a request, unless a sandbox is made with others. */
export const SANDBOX_LIMITS = {
	/** Bytes of memory of a worker (RLIMIT_DATA). Less than 128 MiB is not enough for Node. */
	memory: 2 ** 30,
	/** Milliseconds of work. */
	timeout: 60_000,
	/** Milliseconds for what goes in to come. */
	inputTimeout: 60_000,
	/** Bytes of what goes in. */
	inputSize: 2 ** 31 - 1,
	/** Bytes of what comes out. */
	outputSize: 2 ** 30,
} as const;

const MIN_MEMORY = 2 ** 27;
/** Of a timer. */
const MAX_TIMEOUT = 2 ** 31 - 1;
/** One Buffer has to hold what comes out, in every Node. */
const MAX_OUTPUT = 2 ** 32 - 2;

export interface SandboxSettings {
	readonly workers: number;
	readonly memory: number;
	readonly timeout: number;
	readonly inputTimeout: number;
	readonly inputSize: number;
	readonly outputSize: number;
	readonly requests: number;
	readonly requestsPerWorker: number;
	readonly jit: boolean;
	readonly require: readonly SandboxLayer[];
}

const NAMES: OptionNames<SandboxOptions> = {
	workers: true,
	memory: true,
	timeout: true,
	inputTimeout: true,
	inputSize: true,
	outputSize: true,
	requests: true,
	requestsPerWorker: true,
	jit: true,
	require: true,
};

/** @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT` */
export function checkSandboxOptions(options: SandboxOptions): SandboxSettings {
	refuseUnknown(options, NAMES);
	const { jit = true, require = ["seccomp"] } = options;
	const settings: SandboxSettings = {
		workers: whole("workers", options.workers ?? availableParallelism(), 1, 1024),
		memory: whole("memory", options.memory ?? SANDBOX_LIMITS.memory, MIN_MEMORY),
		timeout: whole("timeout", options.timeout ?? SANDBOX_LIMITS.timeout, 1, MAX_TIMEOUT),
		inputTimeout: whole("inputTimeout", options.inputTimeout ?? SANDBOX_LIMITS.inputTimeout, 1, MAX_TIMEOUT),
		inputSize: whole("inputSize", options.inputSize ?? SANDBOX_LIMITS.inputSize, 1),
		outputSize: whole("outputSize", options.outputSize ?? SANDBOX_LIMITS.outputSize, 1, MAX_OUTPUT),
		requests: wholeOrInfinite("requests", options.requests),
		requestsPerWorker: wholeOrInfinite("requestsPerWorker", options.requestsPerWorker),
		jit,
		require,
	};
	if (typeof jit !== "boolean") throw argumentError("jit is not a boolean");
	if (!Array.isArray(require) || !require.every((layer) => layer === "seccomp" || layer === "landlock"))
		throw argumentError('require is not a list of "seccomp" and "landlock"');
	return settings;
}

function wholeOrInfinite(name: string, value: number = Infinity): number {
	return value === Infinity ? value : whole(name, value, 1);
}

function whole(name: string, value: number, min: number, max: number = Number.MAX_SAFE_INTEGER): number {
	if (Number.isInteger(value) && value >= min && value <= max) return value;
	throw argumentError(`${name} is ${value}, not a whole number from ${min} to ${max}`);
}
