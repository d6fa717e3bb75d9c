import path from "node:path";
import { expect, test } from "@jest/globals";
import { runNode } from "./support/child.ts";
import { describeIf, findProgram, projectRoot } from "./support/needs.ts";

// The calls that are let fail are those of glibc; under a sanitizer, its own stand in their place.
const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
const isPlain = header.glibcVersionRuntime !== undefined && process.env.LD_PRELOAD === undefined;
const compiler = isPlain ? findProgram(process.env.CXX ?? "g++") : undefined;

describeIf(
	"the addon's system calls and allocations, failing one after another",
	compiler,
	"needs g++ and glibc",
	() => {
		const report = (...args: string[]) => {
			const script = path.join(projectRoot, "scripts/faults.mjs");
			const { ended, stdout, stderr } = runNode([script, "--quick", ...args], { timeout: 580_000 });
			const found = JSON.parse(stdout);
			expect({ ended, stderr, findings: found.findings }).toEqual({ ended: 0, stderr: "", findings: [] });
			return found;
		};

		test("end in a clear error or a right result, and leave nothing", () => {
			const { faults, survived, errors } = report();
			expect(faults).toBeGreaterThan(200);
			// Cut and interrupted calls are made again; others are not swallowed.
			expect(survived).toBeGreaterThan(20);
			expect(errors.ENOMEM).toBeGreaterThan(100);
			expect(errors.ERR_COMPOSEFS_BLOB).toBeUndefined();
		}, 600_000);

		test("are not there for an image that is not to be flushed", () => {
			const synced = (name: string) => report("--only", name, "--call", "fsync").faults;
			expect(synced("writeImage to a path")).toBeGreaterThan(0);
			expect(synced("writeImage without a flush")).toBe(0);
		}, 60_000);
	},
);
