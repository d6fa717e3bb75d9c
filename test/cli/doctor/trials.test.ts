import { readdirSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { trials } from "../../../src/cli/doctor/trials.ts";
import { useTemporaryFolder } from "../../support/temporary.ts";

const at = useTemporaryFolder();
const signal = new AbortController().signal;

describe("trials", () => {
	test("write and seal, and leave nothing", async () => {
		const checks = await trials(at(), false, signal);
		expect(checks.map(({ name }) => name)).toEqual(["writing", "fs-verity"]);
		expect(checks[0]?.status).toBe("ok");
		expect(readdirSync(at())).toEqual([]);
	});

	test("a folder that is not there is named", async () => {
		const [check] = await trials(at("none"), false, signal);
		expect(check).toMatchObject({ name: "writing", status: "missing" });
		expect(check?.found).toContain(at("none"));
	});

	test("where mounting is tried, it is said how that went", async () => {
		const mounting = (await trials(at(), true, signal)).at(-1);
		expect(mounting?.name).toBe("mounting");
		if (mounting?.status !== "ok")
			expect(mounting).toMatchObject({ status: "missing", found: expect.stringMatching(/./) });
		expect(readdirSync(at())).toEqual([]);
	});

	test("end with the signal's reason, and leave nothing", async () => {
		const reason = new Error("enough");
		await expect(trials(at(), false, AbortSignal.abort(reason))).rejects.toBe(reason);
		expect(readdirSync(at())).toEqual([]);
	});
});
