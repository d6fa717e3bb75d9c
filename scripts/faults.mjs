// Lets system calls and allocations of the addon fail, one after another, and looks at what comes of it:
//
//   node scripts/faults.mjs [--quick] [--only SCENARIO] [--call CALL]
//
// For each scenario, function and error, the first call fails, then the second, until one comes through without meeting
// the fault. Each time there has to be the right result or an error that says which call failed; files hold what
// they held, or all of the new; nothing is left open or lying about; and the same without a fault works afterwards.
// --quick leaves out calls between the first few and the last, and errors between the first and the last. The injector
// (test/fixtures/fault_injector.cc) is compiled, and preloaded into a process of its own.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { scenarios, Wrong } from "./faults-scenarios/index.mjs";
import { main, onPath, root, run, succeeds } from "./report.mjs";

const injector = path.join(root, "build/test/fault_injector.so");
/** Which fault came last: who crashes cannot say. */
const latest = process.env.FAULTS_LATEST ?? `${injector}.${process.pid}.latest`;
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
	["lseek64", ["EINVAL"]],
	["pwrite64", [...IO, "part"]],
	["fsync", ["EIO", "ENOTSUP", "ENOSPC"]],
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
	["fchown", ["EPERM"]],
	["chmod", ["EIO"]],
	["chown", ["EPERM"]],
	["fchmodat", ["EIO"]],
	["fchownat", ["EPERM"]],
	["fstatfs64", ["EIO"]],
	["ioctl", ["EIO", "ENOTTY"]],
	["opendir", ["EMFILE"]],
	["fdopendir", ["ENOMEM"]],
	["readdir", ["EIO"]],
	["readlinkat", ["EIO", "ENOENT"]],
	["llistxattr", ["EIO", "ENOTSUP"]],
	["lgetxattr", ["EIO", "ENODATA"]],
	["mount", ["EINVAL"]],
	["umount2", ["EBUSY"]],
	["syscall", ["EPERM", "ENOMEM"]],
	["linkat", ["ENOSPC", "EEXIST", "ENOENT"]],
	["rename", ["EIO", "ENOSPC"]],
	["unlink", ["EIO"]],
	["access", ["ENOENT"]],
	["readlink", ["EIO"]],
	["poll", ["EINTR"]],
	["memfd_create", ["EMFILE"]],
	["prctl", ["EINVAL"]],
	["getrlimit64", ["EPERM"]],
	["setrlimit64", ["EPERM"]],
	["madvise", ["EINVAL"]],
	["thread", ["EAGAIN"]],
	["mmap", ["ENOMEM"]],
	["malloc", ["ENOMEM"]],
	["new", ["ENOMEM"]],
];
/** Failures that follow one another; a retry has to survive them. */
const RUNS = { EINTR: 3, EEXIST: 3, part: 1000 };
/** What an error calls many calls: libcomposefs does not say which one of a mount failed. */
const MANY_CALLS = ["mount", "inspect"];
/** More than one chunk of records, and more than one mapping of the arena. */
const FILES = flags.quick ? 1500 : 5000;
const EXHAUSTIVE = 2;
const STEP = 4;
const HANGS_MS = 30_000;
/** What an error calls what was let fail, if not by its name. */
const CALLED = {
	fcntl: /^dup$/,
	pread64: /^read$/,
	pwrite64: /^write$/,
	mkdirat: /^mkdir$/,
	mkdtemp: /^mkdir$/,
	renameat: /^rename$/,
	ftruncate64: /^ftruncate$/,
	fchmodat: /^chmod$/,
	fchownat: /^chown$/,
	umount2: /^umount$/,
	readdir: /^readdir|scandir$/,
	fdopendir: /^open$/,
	readlinkat: /^readlink$/,
	getrlimit64: /^getrlimit$/,
	setrlimit64: /^setrlimit$/,
	ioctl: /^F[A-Z_]+$/,
	// Of stat(2), renameat2(2), umount2(2).
	syscall: /^(stat|lstat|fstat|rename|umount)$/,
	access: /^access/,
	llistxattr: /^listxattr$/,
	lgetxattr: /^getxattr$/,
	mmap: /^(mmap|malloc|lcfs_.*)$/,
	malloc: /^(realloc|lcfs_.*)$/,
	new: /^(malloc|lcfs_.*)$/,
};

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
			env: { ...process.env, LD_PRELOAD: injector, FAULTS_MOUNT: unshared ? "1" : "", FAULTS_LATEST: latest },
		},
	);
	const told = fs.existsSync(latest) ? fs.readFileSync(latest, "latin1") : "before the first fault";
	fs.rmSync(latest, { force: true });
	if (signal !== null) throw new Error(`the process ended by ${signal}: ${told}`);
	process.exitCode = status;
}

async function measure() {
	const module = { exports: {} };
	process.dlopen(module, injector);
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), "composefs-faults-"));
	const begun = performance.now();
	const report = { faults: 0, survived: 0, errors: {}, findings: [] };
	const counts = {};
	try {
		for await (const [name, scenario] of scenarios(folder, FILES)) {
			if ((flags.only ?? name) !== name || (flags.quick && scenario.isLong)) continue;
			const [faultsBefore, started] = [report.faults, performance.now()];
			const called = await calledBy(scenario, module.exports);
			// What is not called fails in no way.
			for (const [call, errors] of FAULTS)
				if ((flags.call ?? call) === call && called.includes(call))
					for (const error of flags.quick ? new Set([errors.at(0), errors.at(-1)]) : errors)
						await exhaust({ name, scenario, call, error, folder }, module.exports, report);
			counts[name] = [report.faults - faultsBefore, Math.round(performance.now() - started)];
			if (name === flags.only) break;
		}
	} finally {
		if (process.env.FAULTS_MOUNT) spawnSync("sh", ["-c", 'umount -l "$0"/*', folder], { stdio: "ignore" });
		fs.rmSync(folder, { recursive: true, force: true });
	}
	report.seconds = Math.round((performance.now() - begun) / 1000);
	console.log(JSON.stringify(report, null, 2));
	if (process.env.FAULTS_COUNTS) console.error(JSON.stringify(counts, null, 1));
	if (report.findings.length > 0) process.exitCode = 1;
}

/** The functions that a run without a fault calls. */
async function calledBy(scenario, injected) {
	await scenario.prepare?.();
	const { thrown } = await strike(scenario, { call: "*", first: 0, last: 0, error: 0 }, injected);
	await scenario.after?.(true);
	if (thrown !== undefined) throw thrown;
	return scenario.isElsewhere ? scenario.called() : injected.called();
}

/** Lets the nth call fail, for every n until it is not met any more. */
async function exhaust({ name, scenario, call, error, folder }, injected, report) {
	await scenario.prepare?.();
	const before = { descriptors: await collected(), names: names(folder) };
	const isQuick = flags.quick && !scenario.isShort;
	for (let nth = 1; ; nth = isQuick && nth >= EXHAUSTIVE ? Math.ceil(nth * STEP) : nth + 1) {
		await scenario.prepare?.();
		const last = nth + (RUNS[error] ?? 1) - 1;
		const fault = { call, first: nth, last, error: error === "part" ? 0 : os.constants.errno[error] };
		const told = `${name}, ${call} ${nth}, ${error}`;
		fs.writeFileSync(latest, told);
		const { thrown, fired } = await strike(scenario, fault, injected);
		const context = { scenario, call, error, folder, before };
		const isTriedAgain = thrown !== undefined && (!isQuick || nth === 1);
		const problem =
			(await problemOf(thrown, context)) ?? (isTriedAgain ? await problemAfterwards(context) : undefined);
		if (problem !== undefined) report.findings.push(`${told}: ${problem}`);
		if (fired === 0) return;
		report.faults++;
		if (thrown === undefined) report.survived++;
		else report.errors[thrown.code] = (report.errors[thrown.code] ?? 0) + 1;
	}
}

/** What it ends with while the fault is there, and how often it came. */
async function strike(scenario, fault, { arm, disarm }) {
	if (scenario.isElsewhere)
		return { thrown: await inTime(scenario.run(fault)).catch((reason) => reason), fired: scenario.fired() };
	arm(fault.call, fault.first, fault.last, fault.error);
	const thrown = await inTime(scenario.run()).catch((reason) => reason);
	return { thrown, fired: disarm() };
}

async function inTime(work) {
	let timer;
	const late = new Promise((_, reject) => {
		timer = setTimeout(() => reject(new Wrong("it hangs")), HANGS_MS);
	});
	return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function problemOf(thrown, context) {
	const { scenario, call, error, folder, before } = context;
	if (thrown instanceof Wrong) return thrown.message;
	const isExpected = thrown?.code === error || scenario.codes?.includes(thrown?.code);
	if (thrown !== undefined && (thrown.name !== "ComposefsError" || !isExpected))
		return `${thrown.name} ${thrown.code}: ${thrown.message} ${thrown.name === undefined ? JSON.stringify(thrown) : ""}`;
	if (thrown !== undefined && thrown.code === error && !tells(thrown, call))
		return `it tells of ${thrown.syscall}: ${thrown.message}`;
	try {
		await inTime(Promise.resolve(scenario.after?.(thrown === undefined)));
	} catch (wrong) {
		return wrong.message;
	}
	if (names(folder) !== before.names) return `files: ${names(folder)}`;
	if (descriptors() === before.descriptors) return;
	const more = (await collected()) - before.descriptors;
	if (more !== 0) return `${more} descriptors more`;
}

/** Whether an error names the call that failed. */
function tells({ syscall }, call) {
	return syscall === call || CALLED[call]?.test(syscall) || MANY_CALLS.includes(syscall);
}

/** The same without a fault has to be done. */
async function problemAfterwards(context) {
	if (context.scenario.isElsewhere) return;
	await context.scenario.prepare?.();
	const thrown = await inTime(context.scenario.run()).catch((reason) => reason);
	const problem = await problemOf(thrown, { ...context, error: undefined });
	return problem && `afterwards: ${problem}`;
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
