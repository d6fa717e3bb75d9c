// Locks itself up while one of its calls fails, and says what can still be done.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import nodeGypBuild from "node-gyp-build";

const root = path.resolve(import.meta.dirname, "../..");
const { fault, use, kept } = JSON.parse(process.argv[2]);
const addon = nodeGypBuild(root);
const injector = { exports: {} };
process.dlopen(injector, process.env.LD_PRELOAD);
const { arm, called, disarm } = injector.exports;

const options = {
	keptDescriptors: kept,
	memory: 2 ** 32,
	fileSize: 2 ** 20,
	mayMakeCode: true,
	useLandlock: use.useLandlock,
	useSeccomp: use.useSeccomp,
};
const outcome = {};
arm(fault.call, fault.first, fault.last, fault.error);
try {
	outcome.lockdown = addon.lockDown(options);
} catch ({ errno, syscall }) {
	const [code] = Object.entries(os.constants.errno).find(([, number]) => number === errno) ?? [];
	outcome.failure = { name: "ComposefsError", code, syscall, message: `${code}, ${syscall}` };
}
outcome.fired = disarm();
outcome.called = called();
outcome.read = codeOf(() => fs.readSync(kept, Buffer.alloc(1)));
outcome.opened = codeOf(() => fs.openSync(import.meta.filename));
fs.writeSync(1, JSON.stringify(outcome));
process.exit();

function codeOf(action) {
	try {
		action();
		return "done";
	} catch (error) {
		return error.code;
	}
}
