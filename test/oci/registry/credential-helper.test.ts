import { getEventListeners } from "node:events";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { askCredentialHelper } from "../../../src/oci/registry/credential-helper.ts";
import { useTemporaryFolder } from "../../support/temporary.ts";

const temporary = useTemporaryFolder();
const { PATH } = process.env;
beforeEach(() => {
	process.env.PATH = `${temporary()}:${PATH}`;
});
afterEach(() => {
	process.env.PATH = PATH;
});

function helper(script: string): void {
	writeFileSync(temporary("docker-credential-test"), `#!/bin/sh\n${script}\n`);
	chmodSync(temporary("docker-credential-test"), 0o755);
}

describe("a credential helper", () => {
	test("is asked by name, and answers", async () => {
		helper(
			`echo "$@" > '${temporary("asked")}'; cat >> '${temporary("asked")}'; echo '{"Username":"u","Secret":"s"}'`,
		);
		expect(await askCredentialHelper("test", "host.example:5000")).toEqual({ username: "u", secret: "s" });
		expect(readFileSync(temporary("asked"), "utf8")).toBe("get\nhost.example:5000");
	});

	test("need not read the question", async () => {
		helper(`exec 0<&-; echo '{"Username":"u","Secret":"s"}'`);
		expect(await askCredentialHelper("test", "x".repeat(1 << 17))).toEqual({ username: "u", secret: "s" });
	});

	test("knows nothing", async () => {
		helper('echo "credentials not found in native keychain"; exit 1');
		expect(await askCredentialHelper("test", "h")).toBeUndefined();
	});

	test.each([
		["fails", "echo secret; echo secret >&2; exit 3"],
		["is killed", "kill -9 $$"],
		["says no JSON", "echo secret"],
		["says too little", `echo '{"Username":"secret"}'`],
		["says null", "echo null"],
		["says too much", "yes secret | head -c 2000000"],
	])("%s: an error that does not repeat it", async (_title, script) => {
		helper(script);
		const error = await askCredentialHelper("test", "h").catch((reason) => reason);
		expect(error).toMatchObject({ code: "ERR_COMPOSEFS_REGISTRY", rule: "credentials" });
		expect(error.message).not.toContain("secret");
	});

	test("is not there", async () => {
		await expect(askCredentialHelper("none", "h")).rejects.toMatchObject({
			message: expect.stringMatching(/ENOENT/),
		});
	});

	test("hangs, with a child of its own that keeps its output", async () => {
		helper("sleep 60 & sleep 60");
		const begin = performance.now();
		await expect(askCredentialHelper("test", "h", { timeoutMs: 100 })).rejects.toMatchObject({
			message: expect.stringMatching(/not answered within 0.1 s/),
		});
		expect(performance.now() - begin).toBeLessThan(50_000);
	});

	test("is ended by the signal", async () => {
		helper("exec sleep 60");
		const controller = new AbortController();
		const reason = new Error("enough");
		setTimeout(() => controller.abort(reason), 50);
		await expect(askCredentialHelper("test", "h", { signal: controller.signal })).rejects.toBe(reason);
	});

	test("bug: each that ran was one listener more of the signal", async () => {
		helper(`echo '{"Username":"u","Secret":"s"}'`);
		const { signal } = new AbortController();
		const asked = Array.from({ length: 3 }, () => askCredentialHelper("test", "h", { signal }));
		expect(getEventListeners(signal, "abort")).toHaveLength(1);
		await Promise.all(asked);
		expect(getEventListeners(signal, "abort")).toHaveLength(0);
	});

	test.each(["../evil", "a/b", "", "-x", "a b", "a;touch x", "$(touch x)"])(
		"is not called %j",
		async (name) => {
			await expect(askCredentialHelper(name, "h")).rejects.toMatchObject({
				rule: "credentials",
				message: expect.stringContaining("names no credential helper"),
			});
			expect(existsSync(temporary("x"))).toBe(false);
		},
	);
});
