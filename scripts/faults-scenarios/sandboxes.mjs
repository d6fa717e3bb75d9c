// Sandboxes: files in memory and workers, seen from here; and, in processes of their own, how a worker locks itself up.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { equals, Wrong } from "./support.mjs";

const locker = path.join(import.meta.dirname, "locker.mjs");
/** Descriptors that a worker keeps here. */
const KEPT = 3;

export async function sandboxScenarios() {
	const { Tree, writeImage } = await import("../../lib/index.js");
	const { createSandbox } = await import("../../lib/sandbox/index.js");
	const tree = new Tree();
	tree.writeFile("/file", Buffer.from("content"));
	const { digest } = await writeImage(tree);
	const withSandbox = async (action) => {
		const sandbox = await createSandbox({ workers: 1 });
		try {
			await action(sandbox);
		} finally {
			await sandbox.close();
		}
	};
	try {
		await withSandbox(() => {});
	} catch (error) {
		if (error.code === "ERR_COMPOSEFS_UNSUPPORTED") return {}; // this kernel has no seccomp
		throw error;
	}
	return {
		"sandbox: writeImage": {
			run: () => withSandbox(async (sandbox) => equals(digest, (await sandbox.writeImage(tree)).digest)),
		},
		"sandbox: a worker locks itself up": lockScenario({ useLandlock: true, useSeccomp: true }),
		"sandbox: by Landlock alone": {
			...lockScenario({ useLandlock: true, useSeccomp: false }),
			isLong: true,
		},
	};
}

/** What it says of itself is what it is: nothing it was started with is open, and no file can be opened. */
function lockScenario(use) {
	let outcome;
	return {
		isElsewhere: true,
		fired: () => outcome.fired,
		called: () => outcome.called,
		run: async (fault) => {
			outcome = { fired: 0 };
			const inherited = fs.openSync(locker, "r");
			const { stdout, stderr, signal, status } = spawnSync(
				process.execPath,
				[locker, JSON.stringify({ fault, use, kept: KEPT })],
				{ stdio: ["ignore", "pipe", "pipe", inherited], encoding: "utf8", timeout: 20_000 },
			);
			fs.closeSync(inherited);
			if (signal !== null || status !== 0) throw new Wrong(`it ended by ${signal ?? status}: ${stderr}`);
			outcome = JSON.parse(stdout);
			const { failure, lockdown, opened, read } = outcome;
			if (failure !== undefined) throw Object.assign(new Error(), failure);
			if (read !== "EBADF") throw new Wrong(`a file that was open: ${read}`);
			const isLocked = lockdown.seccomp || lockdown.landlock > 0;
			if (isLocked && !["EPERM", "EACCES"].includes(opened)) throw new Wrong(`a file is opened: ${opened}`);
			equals(lockdown.seccomp, lockdown.seccompError === 0);
		},
	};
}
