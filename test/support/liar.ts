/** Sandboxes whose workers are not locked at all and do what no worker does: test/fixtures/liar.cjs. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, expect } from "@jest/globals";
import type { SandboxOptions } from "../../src/sandbox/options.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { projectRoot } from "./needs.ts";
import { resources, settingsOf } from "./sandbox.ts";
import { useTemporaryFolder } from "./temporary.ts";

export const LIAR_SETTINGS = { timeout: 20_000, outputSize: 2 ** 28, inputSize: 2 ** 20 };
const WORDS = JSON.stringify(path.join(projectRoot, "test/fixtures/liar.cjs"));

/** A program that does this with each request. */
export const answering = (lie: string): string => `ready(); for (;;) { const { id, size } = next(); ${lie} }`;
/** The first request of a sandbox gets this lie, of which its worker should not live, and all others an answer. */
export const answeringOnce = (lie: string, answer: string): string =>
	answering(`
		const mark = __dirname + "/lied";
		if (fs.existsSync(mark)) { ${answer}; continue; }
		fs.writeFileSync(mark, "");
		${lie}`);

/** How a lie is told of. */
export const refused = { name: "ComposefsError", code: "ERR_COMPOSEFS_SANDBOX", rule: "protocol" };

/** Starts a sandbox of liars, which is closed after its test; then nothing of it may be left. */
export function useLiars(): (program: string, options?: SandboxOptions) => Promise<Sandbox> {
	const temporary = useTemporaryFolder();
	let sandbox: Sandbox | undefined;
	let before: ReturnType<typeof resources> | undefined;
	const start = async (program: string, options: SandboxOptions = {}) => {
		writeFileSync(temporary("liar.cjs"), `require(${WORDS}); ${program}`);
		sandbox = await startSandbox(settingsOf({ ...LIAR_SETTINGS, ...options }), temporary("liar.cjs"));
		return sandbox;
	};
	const close = async () => {
		await sandbox?.close();
		sandbox = undefined;
	};
	beforeEach(async () => {
		if (before !== undefined) return;
		// The first start of all leaves open what listens for the ends of processes.
		await start("ready(); next();");
		await close();
		before = resources();
	});
	afterEach(async () => {
		await close();
		expect(resources()).toEqual(before);
		expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
	});
	return start;
}
