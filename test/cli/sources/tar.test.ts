import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { composefs } from "../../support/cli.ts";
import { describeIf, findProgram } from "../../support/needs.ts";
import { plainTar } from "../../support/plain-tar.ts";
import { noise, TARS, writeLayout } from "../../support/pulled-images.ts";
import { useTemporaryFolder } from "../../support/temporary.ts";

const at = useTemporaryFolder();
const [lower = Buffer.alloc(0), upper = Buffer.alloc(0)] = TARS;
const zippedUpper = gzipSync(upper, { level: 1 });

function digest(...args: string[]): string {
	const { status, stdout, stderr } = composefs(["build", "--print-digest-only", ...args]);
	expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
	return stdout.trim();
}

beforeEach(() => {
	writeFileSync(at("lower.tar"), lower);
	writeFileSync(at("upper.tar.gz"), zippedUpper);
});

describe("composefs build from archives", () => {
	test("lays them over each other, as the layers of an image", () => {
		writeLayout(at("layout"));
		const expected = digest("--platform", "linux/amd64", at("layout:v1"));
		expect(digest(at("lower.tar"), at("upper.tar.gz"))).toBe(expected);
		expect(digest(at("upper.tar.gz"), at("lower.tar"))).not.toBe(expected);
		expect(digest("--profile", "oci", at("lower.tar"), at("upper.tar.gz"))).not.toBe(expected);
	});

	test("puts contents into a store, and the image where it is to be", () => {
		const args = ["--store", at("store"), "--print-digest", at("lower.tar"), at("upper.tar.gz"), at("image")];
		const { status, stdout } = composefs(["build", ...args]);
		expect([status, stdout.trim()]).toEqual([0, digest(at("lower.tar"), at("upper.tar.gz"))]);
		const missing = composefs(["missing-objects", "--basedir", at("store"), at("image")]);
		expect(missing).toEqual({ status: 0, stdout: "", stderr: "" });
	});

	test("takes one from stdin", () => {
		const args = ["build", "--from", "tar", "--print-digest-only"];
		const { stdout } = composefs([...args, at("lower.tar"), "-"], { input: zippedUpper });
		expect(stdout.trim()).toBe(digest(at("lower.tar"), at("upper.tar.gz")));
		expect(composefs([...args, "-", "-"]).status).toBe(2);
	});

	test("does not write over the last of them, where the image is forgotten", () => {
		const { status, stderr } = composefs(["build", at("lower.tar"), at("upper.tar.gz")]);
		expect([status, stderr]).toEqual([2, expect.stringContaining("would be written over")]);
		expect(readFileSync(at("upper.tar.gz")).equals(zippedUpper)).toBe(true);
	});

	test("names what is wrong, and leaves nothing", () => {
		writeFileSync(at("cut.tar"), lower.subarray(0, -2000));
		const { status, stderr } = composefs(["build", at("cut.tar"), at("image")]);
		expect([status, stderr]).toEqual([1, expect.stringMatching(/^composefs: /)]);
		expect(composefs(["ls", at("image")]).status).toBe(1);
		expect(composefs(["build", "--use-epoch", at("lower.tar"), at("image")]).status).toBe(2);
	});
});

describeIf("and with zstd", findProgram("zstd"), "no zstd", (zstd) => {
	test("it is the same image", () => {
		writeFileSync(at("plain.tar"), plainTar({ name: "a", content: noise(100_000) }));
		execFileSync(zstd, ["-q", at("plain.tar"), "-o", at("a.tar.zst")]);
		expect(digest(at("a.tar.zst"))).toBe(digest(at("plain.tar")));
	});
});
