// Runs a program in a throw-away virtual machine whose kernel has fs-verity, with this checkout's package:
//
//   node scripts/vm.mjs --setup                    brings a kernel under deps/vm, with the distribution's own tools
//   node scripts/vm.mjs [PROGRAM [ARGUMENT…]]      runs a module of this checkout; by default the checks of fs-verity
//
// In the guest: node, busybox's tools, fsverity, the compiled package and test/fixtures at /package, an empty ext4
// with fs-verity at /verity; all else is in memory. No network, nothing of this machine is changed. What the program
// prints, and its exit status, are this one's. Takes about ten seconds, on two cores, without hardware support:
// programs run some ten times slower than here, so all that there is to check goes into one run.
import fs from "node:fs";
import path from "node:path";
import { main, root } from "./report.mjs";
import { missingForVm, runInVm } from "./vm/guest.mjs";
import { ensureKernel } from "./vm/kernel.mjs";

await main(() => {
	const [program = "test/fixtures/vm-checks.mjs", ...args] = process.argv.slice(2);
	const missing = missingForVm();
	if (program === "--setup") {
		// A machine without the programs has no use for the kernel.
		if (missing.length > 0) console.error(`no virtual machine here, for want of: ${missing.join(", ")}`);
		else ensureKernel();
		return;
	}
	if (missing.length === 0) ensureKernel();
	const inGuest = path.join("/package", path.relative(root, fs.realpathSync(program)));
	const { status, output } = runInVm(["node", inGuest, ...args]);
	process.stdout.write(output);
	process.exitCode = status;
});
