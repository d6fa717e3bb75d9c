import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { getSystemErrorMap } from "node:util";
import { describe, expect, test } from "@jest/globals";
import { RECORDS_VERSION } from "../src/encode.ts";
import { awaitJob, type Native, native, systemError } from "../src/native.ts";
import { runModule } from "./support/child.ts";
import { projectRoot } from "./support/needs.ts";
import { useTemporaryFolder } from "./support/temporary.ts";

const temporary = useTemporaryFolder();

describe("the addon", () => {
	test("is loaded once, and reads the records that are written", () => {
		expect(native()).toBe(native());
		expect(native().recordsVersion).toBe(RECORDS_VERSION);
	});

	/** A copy of the compiled package without an addon. */
	function packageWithout(): string {
		cpSync(path.join(projectRoot, "lib"), temporary("package/lib"), { recursive: true });
		cpSync(path.join(projectRoot, "package.json"), temporary("package/package.json"));
		symlinkSync(path.join(projectRoot, "node_modules"), temporary("package/node_modules"));
		return temporary("package");
	}

	/** Without what names an addon elsewhere, as where the tests run with one that counts its lines. */
	function failureIn(folder: string): object {
		const program = `
			const { Tree, writeImage } = await import("${pathToFileURL(folder)}/lib/index.js");
			const { code, message, cause } = await writeImage(new Tree()).catch((error) => error);
			console.log(JSON.stringify({ code, message, cause: typeof cause }));`;
		const { stdout, stderr } = runModule(program, { env: { COMPOSEFS_PREBUILD: "" } });
		return stderr === "" ? JSON.parse(stdout) : { stderr };
	}

	const platform = `${process.platform}-${process.arch}`;

	test("that is missing is said so in words", () => {
		expect(failureIn(packageWithout())).toEqual({
			code: "ERR_COMPOSEFS_UNSUPPORTED",
			message: `composefs has no addon for ${platform}`,
			cause: "object",
		});
	});

	test("that is missing can be built where its sources are: in a package, and in a checkout", () => {
		const folder = packageWithout();
		writeFileSync(path.join(folder, "binding.gyp"), "{}");
		const installed = "npm install --ignore-scripts && node scripts/build-addon.mjs";
		expect(failureIn(folder)).toMatchObject({
			message: `composefs has no addon for ${platform}; build it with: cd ${folder}/ && ${installed}`,
		});
		writeFileSync(path.join(folder, "package-lock.json"), "{}");
		expect(failureIn(folder)).toMatchObject({
			message: `composefs has no addon for ${platform}; build it with: node scripts/setup.mjs`,
		});
	});

	test("that cannot be loaded is said so, with the cause", () => {
		const folder = packageWithout();
		mkdirSync(path.join(folder, "build/Release"), { recursive: true });
		writeFileSync(path.join(folder, "build/Release/composefs.node"), "no library");
		expect(failureIn(folder)).toMatchObject({
			code: "ERR_COMPOSEFS_UNSUPPORTED",
			message: expect.stringMatching(/ that loads \(.*composefs\.node: /),
			cause: "object",
		});
	});
});

describe("awaitJob", () => {
	const job = <T>(promise: Promise<T>, cancel = () => {}) => ({ promise, cancel });
	const failing = (failure: object) => awaitJob(() => job(Promise.reject(failure)), { file: "/f" });

	test("gives the addon to the job, and its result back", async () => {
		const start = (addon: Native) => job(Promise.resolve(addon.recordsVersion));
		await expect(awaitJob(start)).resolves.toBe(RECORDS_VERSION);
	});

	test("makes errors as node:fs words them", async () => {
		await expect(failing({ errno: 28, syscall: "write" })).rejects.toMatchObject({
			name: "ComposefsError",
			code: "ENOSPC",
			errno: -28,
			syscall: "write",
			path: "/f",
			message: "ENOSPC: no space left on device, write '/f'",
		});
	});

	test("makes errors of refused records", async () => {
		await expect(failing({ rule: "depth", record: 7 })).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_RECORDS",
			rule: "depth",
			message: "record 7 of the tree breaks the rule depth: was the tree changed meanwhile?",
		});
	});

	test("cancels when the signal aborts, and rejects with its reason", async () => {
		const controller = new AbortController();
		const reason = new Error("enough");
		const promise = new Promise((_resolve, reject) => {
			controller.signal.addEventListener("abort", () => setImmediate(reject, { cancelled: true }));
		});
		let cancelled = 0;
		const awaiting = awaitJob(() => job(promise, () => cancelled++), { signal: controller.signal });
		controller.abort(reason);
		await expect(awaiting).rejects.toBe(reason);
		expect(cancelled).toBe(1);
	});

	test("a job that was done when the signal came stays done", async () => {
		const controller = new AbortController();
		const awaiting = awaitJob(() => job(Promise.resolve("done")), { signal: controller.signal });
		controller.abort();
		await expect(awaiting).resolves.toBe("done");
	});

	test("begins nothing for a signal that is aborted", async () => {
		let begun = false;
		const start = () => {
			begun = true;
			return job(Promise.resolve());
		};
		await expect(awaitJob(start, { signal: AbortSignal.abort("no") })).rejects.toBe("no");
		expect(begun).toBe(false);
	});
});

test("every system error has its name; an unknown one its number", () => {
	for (const [errno, [code]] of getSystemErrorMap()) expect(systemError(errno, "read").code).toBe(code);
	expect(systemError(-12345, "read")).toMatchObject({
		code: "E12345",
		message: "E12345: unknown error, read",
	});
	expect("path" in systemError(-2, "open")).toBe(false);
});
