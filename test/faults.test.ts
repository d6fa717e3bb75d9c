import path from "node:path";
import { expect, test } from "@jest/globals";
import { runNode } from "./support/child.ts";
import { describeIf, findProgram, projectRoot } from "./support/needs.ts";

// The calls that are let fail are those of glibc; under a sanitizer, its own stand in their place.
const report = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
const isPlain = report.header.glibcVersionRuntime !== undefined && process.env.LD_PRELOAD === undefined;
const compiler = isPlain ? findProgram(process.env.CXX ?? "g++") : undefined;

describeIf(
	"the addon's system calls and allocations, failing one after another",
	compiler,
	"needs g++ and glibc",
	() => {
		test("end in a clear error or a right result, and leave nothing", () => {
			const args = [path.join(projectRoot, "scripts/faults.mjs"), "--quick"];
			const { ended, stdout, stderr } = runNode(args, { timeout: 580_000 });
			expect({ ended, stderr }).toEqual({ ended: 0, stderr: "" });
			const { faults, survived, errors, findings } = JSON.parse(stdout);
			expect(findings).toEqual([]);
			expect(faults).toBeGreaterThan(200);
			// Cut and interrupted calls are made again; others are not swallowed.
			expect(survived).toBeGreaterThan(20);
			expect(errors.ENOMEM).toBeGreaterThan(100);
		}, 600_000);
	},
);
