// Lets system calls and allocations of the addon fail, one after another, and looks at what comes of it:
//
//   node scripts/faults.mjs [--quick] [--only SCENARIO] [--call CALL]
//
// For each scenario, function and error, the first call fails, then the second, until one comes through without meeting
// the fault. Each time there has to be the right result or an error that says which call failed; files hold what
// they held, or all of the new; nothing is left open or lying about. --quick leaves out calls between the first six
// and the last. The injector (test/fixtures/fault_injector.cc) is compiled, and preloaded into a process of its own.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { scenarios, Wrong } from "./faults-scenarios/index.mjs";
import { main, onPath, root, run, succeeds } from "./report.mjs";

const injector = path.join(root, "build/test/fault_injector.so");
const { values: flags } = parseArgs({
	options: { quick: { type: "boolean" }, only: { type: "string" }, call: { type: "string" } },
});

const IO = ["EIO", "ENOSPC", "EINTR"];
/** What is let fail, and how. A part: fewer bytes are moved than were asked for. */
const FAULTS = [
	["open", ["EMFILE", "ENOTSUP", "EACCES", "EINTR"]],
	["fcntl", ["EMFILE"]],
	["write", [...IO, "part"]],
	["read", [...IO, "part"]],
	["pread64", ["EIO", "EINTR", "part"]],
	["pwrite64", [...IO, "part"]],
	["fsync", ["EIO", "ENOSPC"]],
	["syncfs", ["EIO", "ENOSPC"]],
	["mkdir", ["ENOSPC", "EACCES"]],
	["mkdirat", ["ENOSPC", "EACCES"]],
	["mkdtemp", ["ENOSPC"]],
	["rmdir", ["EIO"]],
	["renameat", ["EIO", "ENOSPC"]],
	["renameat2", ["EIO", "ENOSPC"]],
	["unlinkat", ["EIO"]],
	["flock", ["EIO", "EINTR"]],
	["ftruncate64", ["EIO", "ENOSPC"]],
	["fchmod", ["EIO"]],
	["ioctl", ["EIO", "ENOTTY"]],
	["fdopendir", ["ENOMEM"]],
	["readdir", ["EIO"]],
	["readlinkat", ["EIO", "ENOENT"]],
	["llistxattr", ["EIO", "ENOTSUP"]],
	["lgetxattr", ["EIO", "ENODATA"]],
	["umount2", ["EBUSY"]],
	["syscall", ["EPERM", "ENOMEM"]],
	["linkat", ["ENOSPC", "EEXIST", "ENOENT"]],
	["rename", ["EIO", "ENOSPC"]],
	["unlink", ["EIO"]],
	["access", ["ENOENT"]],
	["readlink", ["EIO"]],
	["poll", ["EINTR"]],
	["mmap", ["ENOMEM"]],
	["malloc", ["ENOMEM"]],
	["new", ["ENOMEM"]],
];
/** Failures that follow one another; a retry has to survive them. */
const RUNS = { EINTR: 3, EEXIST: 3, part: 1000 };
/** More than one chunk of records, and more than one mapping of the arena. */
const FILES = flags.quick ? 1500 : 5000;
const EXHAUSTIVE = 6;
const STEP = 2;

if (process.env.LD_PRELOAD === injector) await measure();
else await main(start);

function start() {
	fs.mkdirSync(path.dirname(injector), { recursive: true });
	const include = path.join(root, "node_modules/node-api-headers/include");
	const source = path.join(root, "test/fixtures/fault_injector.cc");
	const built = `${injector}.${process.pid}`;
	const compiler = process.env.CXX ?? "g++";
	run(compiler, ["-std=c++20", "-O1", "-shared", "-fPIC", "-I", include, source, "-o", built]);
	fs.renameSync(built, injector);
	// Mounts are made in a namespace of their own, so that nothing of them can stay.
	const unshared = process.getuid() === 0 && onPath("unshare") && succeeds("unshare", ["-m", "true"]);
	const [program, ...before] = unshared ? ["unshare", "-m", process.execPath] : [process.execPath];
	const { status, signal } = spawnSync(
		program,
		[...before, "--expose-gc", import.meta.filename, ...process.argv.slice(2)],
		{
			stdio: "inherit",
			env: { ...process.env, LD_PRELOAD: injector, FAULTS_MOUNT: unshared ? "1" : "" },
		},
	);
	if (signal !== null) throw new Error(`the process ended by ${signal}`);
	process.exitCode = status;
}

async function measure() {
	const module = { exports: {} };
	process.dlopen(module, injector);
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), "composefs-faults-"));
	const begun = performance.now();
	const report = { faults: 0, survived: 0, errors: {}, findings: [] };
	try {
		for (const [name, scenario] of Object.entries(await scenarios(folder, FILES)))
			for (const [call, errors] of FAULTS)
				if ((flags.only ?? name) === name && (flags.call ?? call) === call)
					// What is not called fails in no way.
					for (const error of errors)
						if ((await exhaust({ name, scenario, call, error, folder }, module.exports, report)) === 0) break;
	} finally {
		fs.rmSync(folder, { recursive: true, force: true });
	}
	report.seconds = Math.round((performance.now() - begun) / 1000);
	console.log(JSON.stringify(report, null, 2));
	if (report.findings.length > 0) process.exitCode = 1;
}

/** Lets the nth call fail, for every n until it is not met any more; returns how many were met. */
async function exhaust({ name, scenario, call, error, folder }, fault, report) {
	scenario.prepare?.();
	const before = { descriptors: await collected(), names: names(folder) };
	const faultsBefore = report.faults;
	for (let nth = 1; ; nth = flags.quick && nth >= EXHAUSTIVE ? Math.ceil(nth * STEP) : nth + 1) {
		scenario.prepare?.();
		fault.arm(call, nth, nth + (RUNS[error] ?? 1) - 1, error === "part" ? 0 : os.constants.errno[error]);
		const thrown = await scenario.run().catch((reason) => reason);
		const fired = fault.disarm();
		const problem = await problemOf(thrown, { scenario, error, folder, before });
		if (problem !== undefined) report.findings.push(`${name}, ${call} ${nth}, ${error}: ${problem}`);
		if (fired === 0) return report.faults - faultsBefore;
		report.faults++;
		if (thrown === undefined) report.survived++;
		else report.errors[thrown.code] = (report.errors[thrown.code] ?? 0) + 1;
	}
}

async function problemOf(thrown, { scenario, error, folder, before }) {
	if (thrown instanceof Wrong) return thrown.message;
	const isExpected = thrown?.code === error || scenario.codes?.includes(thrown?.code);
	if (thrown !== undefined && (thrown.name !== "ComposefsError" || !isExpected))
		return `${thrown.name} ${thrown.code}: ${thrown.message} ${thrown.name === undefined ? JSON.stringify(thrown) : ""}`;
	try {
		await scenario.after?.(thrown === undefined);
	} catch (wrong) {
		return wrong.message;
	}
	if (names(folder) !== before.names) return `files: ${names(folder)}`;
	if (descriptors() === before.descriptors) return;
	const more = (await collected()) - before.descriptors;
	if (more !== 0) return `${more} descriptors more`;
}

function names(folder) {
	return fs.readdirSync(folder).sort().join();
}

function descriptors() {
	return fs.readdirSync("/proc/self/fd").length;
}

/** Those open when nothing is left to be collected: a job lives as long as the functions that call it. */
async function collected() {
	globalThis.gc();
	await new Promise(setImmediate);
	return descriptors();
}
