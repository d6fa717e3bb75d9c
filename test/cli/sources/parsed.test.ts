import { writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { EXIT, isUnverified } from "../../../src/cli/exit.ts";
import { dumpSource } from "../../../src/cli/sources/dump.ts";
import { ociSource } from "../../../src/cli/sources/oci.ts";
import { parsing } from "../../../src/cli/sources/parsed.ts";
import { ComposefsError } from "../../../src/errors.ts";
import { composefs } from "../../support/cli.ts";
import { useTemporaryFolder } from "../../support/temporary.ts";

const at = useTemporaryFolder();

describe("an error of a parser", () => {
	test.each([
		["dump", "some text", /line 1: /],
		["toc", "{ is no JSON", /./],
		["tar", Buffer.from("1f8b0800", "hex"), /./],
	])("names the file, and what it was taken for: a %s", (kind, bytes, problem) => {
		writeFileSync(at("source"), bytes);
		const errorOf = (...options: string[]) => {
			const { status, stderr } = composefs(["build", ...options, at("source"), at("image")]);
			expect(status).toBe(EXIT.failure);
			return stderr;
		};
		const known = errorOf("--from", kind);
		const [before, message] = known.split(`${at("source")}: `);
		expect([before, message]).toEqual(["composefs: ", expect.stringMatching(problem)]);
		expect(errorOf()).toBe(`composefs: ${at("source")}: taken for a ${kind}: ${message}`);
	});

	test("keeps its code and its fields", async () => {
		const details = { rule: "blob-size", offset: 7, limit: 3 };
		const failing = Promise.reject(new ComposefsError("ERR_COMPOSEFS_BLOB", "too short", details));
		const error = await parsing("a", dumpSource, false, failing).catch((reason) => reason);
		expect(error).toMatchObject({ ...details, code: "ERR_COMPOSEFS_BLOB", message: "a: too short" });
		expect(isUnverified(error)).toBe(true);
	});

	test.each([
		["of the system or a store", dumpSource, "a", "ENOSPC"],
		["of a kind that names its sources", ociSource, "a", "ERR_COMPOSEFS_OCI"],
		["of stdin", dumpSource, "-", "ERR_COMPOSEFS_DUMP"],
	])("stays as it is: one %s", async (_title, kind, source, code) => {
		const error = new ComposefsError(code, "no");
		await expect(parsing(source, kind, true, Promise.reject(error))).rejects.toBe(error);
	});
});
