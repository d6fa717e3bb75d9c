/** Docker's credential helpers: programs `docker-credential-NAME` that know secrets. */
import { execFile } from "node:child_process";
import { follow } from "../../abort.ts";
import { registryError } from "./fault.ts";

/** What a helper said of a server. */
export interface HelperAnswer {
	readonly username: string;
	readonly secret: string;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const OUTPUT_LIMIT = 1 << 20;
const TIMEOUT_MS = 30_000;
/** What helpers print where they know of no such server, all of them alike. */
const NOT_FOUND = /credentials not found/i;

/**
 * Asks a helper for the credentials of a server. No shell is in between, and it has 30 seconds.
 *
 * @param server what `docker login` has stored them under
 * @returns undefined where the helper has none
 * @throws ComposefsError ERR_COMPOSEFS_REGISTRY, rule `credentials`; the reason of the signal
 */
export async function askCredentialHelper(
	name: string,
	server: string,
	{ signal, timeoutMs = TIMEOUT_MS }: { signal?: AbortSignal | undefined; timeoutMs?: number } = {},
): Promise<HelperAnswer | undefined> {
	signal?.throwIfAborted();
	const program = `docker-credential-${name}`;
	if (!NAME.test(name))
		throw registryError("credentials", JSON.stringify(name), "names no credential helper");
	const { error, stdout } = await run(program, server, timeoutMs, signal);
	signal?.throwIfAborted();
	if (error === undefined) return parseAnswer(program, stdout);
	if (NOT_FOUND.test(stdout)) return undefined;
	// Not its output, which may have the secret in it.
	const what = error.killed ? `has not answered within ${timeoutMs / 1000} s` : `failed (${error.code})`;
	throw registryError("credentials", program, `${what}, asked about ${server}`);
}

interface Run {
	readonly error: { readonly killed: boolean; readonly code: string | number } | undefined;
	readonly stdout: string;
}

function run(program: string, input: string, timeout: number, signal?: AbortSignal): Promise<Run> {
	const own = follow(signal); // many may be asked with one
	return new Promise((resolve) => {
		const options = { timeout, maxBuffer: OUTPUT_LIMIT, killSignal: "SIGKILL", env: process.env } as const;
		const child = execFile(program, ["get"], { ...options, signal: own.signal }, (error, stdout) => {
			own.forget();
			const code = error?.code ?? error?.signal ?? "failed";
			resolve({ error: error === null ? undefined : { killed: error.killed === true, code }, stdout });
		});
		// A helper that does not read is known by its answer.
		child.stdin?.on("error", () => undefined);
		child.stdin?.end(input);
	});
}

function parseAnswer(program: string, text: string): HelperAnswer {
	let answer: unknown;
	try {
		answer = JSON.parse(text);
	} catch {
		answer = undefined;
	}
	const { Username, Secret } = (answer ?? {}) as Record<string, unknown>;
	if (typeof Username === "string" && typeof Secret === "string")
		return { username: Username, secret: Secret };
	throw registryError("credentials", program, "its answer has no Username and Secret");
}
