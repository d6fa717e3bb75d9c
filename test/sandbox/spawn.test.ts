import { spawnSync } from "node:child_process";
import { afterEach, expect, test } from "@jest/globals";
import { SandboxChild } from "../../src/sandbox/child.ts";
import { LIB, runModule } from "../support/child.ts";
import { describeLocked, resources, settingsOf } from "../support/sandbox.ts";

const { execPath } = process;
afterEach(() => {
	process.execPath = execPath;
});

test("where there is no node, the error says so, and nothing stays open", async () => {
	process.execPath = "/none/node";
	const start = async () => {
		const error = await SandboxChild.start(settingsOf()).catch((reason) => reason);
		await new Promise((resolve) => setTimeout(resolve, 100)); // pipes of what has never been end by themselves
		return error;
	};
	const error = await start();
	const before = resources();
	await start();
	expect(resources()).toEqual(before);
	expect(error).toMatchObject({
		code: "ERR_COMPOSEFS_SANDBOX",
		rule: "crash",
		message: "the worker of a sandbox cannot be started: spawn /none/node ENOENT",
		cause: { code: "ENOENT" },
	});
});

/** A worker's pipes and files. */
const OF_WORKER = 4;

/** Asks a sandbox that needs a worker for each request, with so many descriptors left, and then with enough of them. */
const program = (left: number) => `
	import { createSandbox } from "${LIB}/sandbox/index.js";
	import { Tree } from "${LIB}/index.js";
	import fs from "node:fs";
	const sandbox = await createSandbox({ workers: 1, requestsPerWorker: 1 });
	const ask = () => sandbox.writeImage(new Tree()).then(() => "done", ({ code, cause }) => cause?.code ?? code);
	const isOpen = (file) => {
		try { return fs.fstatSync(file) !== undefined; } catch { return false; }
	};
	const descriptors = () => Array.from({ length: 64 }, (_, file) => file).filter(isOpen).length; // takes none
	const until = async (count) => {
		for (let tries = 0; tries < 200 && descriptors() !== count; tries++)
			await new Promise((resolve) => setTimeout(resolve, 50));
	};
	const kept = [];
	const fill = () => {
		try {
			for (;;) kept.push(fs.openSync("/dev/null"));
		} catch {}
		for (const file of kept.splice(0, ${left})) fs.closeSync(file);
	};
	const before = descriptors();
	await ask();
	await until(before); // the worker that was asked is gone, and the next one there
	fill();
	const full = descriptors();
	const fates = [await ask()];
	await until(full - ${OF_WORKER});
	fill();
	for (let count = 0; count < 3; count++) fates.push(await ask());
	for (const file of kept) fs.closeSync(file);
	fates.push(await ask());
	await until(before);
	console.log(JSON.stringify({ fates, left: descriptors() - before }));
	await sandbox.close();`;

describeLocked("without descriptors", () => {
	test.each([0, 4, 8])(
		"bug: a program with %i descriptors left ended when a worker was to be replaced",
		(left) => {
			const limited = 'ulimit -n 64; exec "$0" --input-type=module --eval "$1"';
			const { status, stdout, stderr } = spawnSync("bash", ["-c", limited, execPath, program(left)], {
				encoding: "utf8",
			});
			expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
			const { fates, left: opened } = JSON.parse(stdout);
			// The first has the worker that was there.
			expect(fates).toEqual(["done", "EMFILE", "EMFILE", "EMFILE", "done"]);
			expect(opened).toBe(0);
		},
	);
});

describeLocked("in a worker thread", () => {
	test.each(["terminate", "close"])("bug: files in memory stayed open, or Node warned of them: %s", (end) => {
		const thread = `
			import("${LIB}/sandbox/index.js").then(async ({ createSandbox }) => {
				const { parentPort } = await import("node:worker_threads");
				const sandbox = await createSandbox({ workers: 1 });
				await sandbox.writeImage({ dump: "/ 4096 40755 2 0 0 0 0.0 - - -\\n" });
				if ("${end}" === "close") await sandbox.close();
				parentPort.postMessage("done");
				setInterval(() => undefined, 1000);
			});`;
		const { ended, stdout, stderr } = runModule(`
			import fs from "node:fs";
			import { Worker } from "node:worker_threads";
			const thread = new Worker(${JSON.stringify(thread)}, { eval: true });
			await new Promise((resolve) => thread.once("message", resolve));
			await thread.terminate();
			const targets = fs.readdirSync("/proc/self/fd").map((file) => {
				try { return fs.readlinkSync("/proc/self/fd/" + file); } catch { return ""; }
			});
			console.log(targets.filter((target) => target.includes("memfd:composefs")).length);`);
		expect({ ended, stdout, stderr }).toEqual({ ended: 0, stdout: "0\n", stderr: "" });
	});
});
