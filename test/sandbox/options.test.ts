import { availableParallelism } from "node:os";
import { expect, test } from "@jest/globals";
import { checkSandboxOptions, SANDBOX_LIMITS } from "../../src/sandbox/options.ts";

test("what is left out is filled in", () => {
	expect(checkSandboxOptions({})).toEqual({
		...SANDBOX_LIMITS,
		workers: availableParallelism(),
		requests: Infinity,
		requestsPerWorker: Infinity,
		jit: true,
		require: ["seccomp"],
	});
});

test.each([
	{ workers: 0 },
	{ workers: 1.5 },
	{ workers: "2" },
	{ memory: 2 ** 20 },
	{ memory: Infinity },
	{ timeout: 0 },
	{ timeout: 2 ** 31 },
	{ inputTimeout: 0 },
	{ inputTimeout: Infinity },
	{ requests: 0 },
	{ inputSize: -1 },
	{ outputSize: 2 ** 32 },
	{ requestsPerWorker: 0 },
	{ jit: 1 },
	{ require: "seccomp" },
	{ require: ["selinux"] },
	{ inputTimout: 1000 },
])("%j is refused", (options) => {
	expect(() => checkSandboxOptions(options as never)).toThrow(
		expect.objectContaining({ code: "ERR_COMPOSEFS_ARGUMENT" }),
	);
});
