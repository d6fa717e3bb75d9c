/** Everything that takes a kernel with fs-verity, in one run of a virtual machine (scripts/vm.mjs). */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { beforeAll, expect, test } from "@jest/globals";
import { describeIf, findProgram, projectRoot } from "./support/needs.ts";

const PROGRAMS = ["qemu-system-x86_64", "busybox", "fsverity"];
const ready =
	process.arch === "x64" &&
	PROGRAMS.every((program) => findProgram(program) !== undefined) &&
	existsSync(path.join(projectRoot, "deps/vm/kernel"));

/** The names of the checks in test/fixtures/vm-checks.mjs. */
const CHECKS = [
	"the kernel measures what computeDigest computes",
	"an image without fs-verity is refused where a digest is asked for",
	"a mount that requires verity reads right",
	"another image digest is refused",
	"the command line ends with 3 then",
	"a replaced object gives EIO",
	"without verity a replaced object is read",
	"a missing object gives ENOENT or EIO",
	"objects without fs-verity give EIO",
	"a store that requires fs-verity has what a mount that does needs",
	"files and objects are sealed, measured, and never written to again",
	"changes go up, with verity below",
	"an image in memory is mounted by a loop device",
	"the examples of the guide run",
	"nothing is left behind",
];

const REASON = `it takes ${PROGRAMS.join(", ")} and the kernel that node scripts/vm.mjs --setup brings`;

interface Verdict {
	readonly check: string;
	readonly ok: boolean;
	readonly detail?: string;
}

describeIf("under a kernel with fs-verity", ready || undefined, REASON, () => {
	let verdicts: readonly Verdict[] = [];
	let ended: unknown;

	beforeAll(() => {
		const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/vm.mjs"], {
			cwd: projectRoot,
			encoding: "utf8",
			timeout: 400_000,
		});
		const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
		verdicts = lines.map((line) => JSON.parse(line) as Verdict);
		ended = {
			status,
			stderr,
			other: stdout.split("\n").filter((line) => line !== "" && !line.startsWith("{")),
		};
	}, 420_000);

	test("all checks are made", () => {
		expect(ended).toEqual({ status: 0, stderr: "", other: [] });
		expect(verdicts.map(({ check }) => check)).toEqual(CHECKS);
	});

	test.each(CHECKS)("%s", (name) => {
		expect(verdicts.find(({ check }) => check === name)).toEqual({ check: name, ok: true });
	});
});
