import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { composefs, program } from "../support/cli.ts";
import { projectRoot } from "../support/needs.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const fixtures = path.join(projectRoot, "test/fixtures");
const dump = gunzipSync(readFileSync(path.join(fixtures, "debian-12.dump.gz")));
const imageSha256 = readFileSync(path.join(fixtures, "debian-12.dump.gz.sha256"), "utf8").trim();
/** What mkcomposefs 1.0.8 prints with --print-digest. */
const imageDigest = "7429a6061f0ab318d0be939d02130906c6e6b2fabe69b0278eff4fe7d275e991";

const sha256 = (bytes: Uint8Array | string) =>
	createHash("sha256")
		.update(Buffer.from(bytes as string, "latin1"))
		.digest("hex");

beforeEach(() => writeFileSync(at("root.dump"), dump));

describe("composefs build", () => {
	test("from a file to a file", () => {
		const result = composefs(["build", "--from", "dump", at("root.dump"), at("image")]);
		expect(result).toEqual({ status: 0, stdout: "", stderr: "" });
		expect(sha256(readFileSync(at("image")))).toBe(imageSha256);
	});

	test("from stdin to stdout", () => {
		const { status, stdout } = composefs(["build", "-", "-"], { input: dump, maxBuffer: 1 << 26 });
		expect(status).toBe(0);
		expect(sha256(stdout)).toBe(imageSha256);
	});

	test("to a reader that takes its time: node has made the pipe non-blocking", async () => {
		const child = spawn(process.execPath, [program, "build", at("root.dump"), "-"]);
		const hash = createHash("sha256");
		await new Promise((resolve) => setTimeout(resolve, 1500));
		for await (const piece of child.stdout) hash.update(piece);
		expect(hash.digest("hex")).toBe(imageSha256);
	});

	test("--print-digest, --print-digest-only", () => {
		const both = composefs(["build", "--print-digest", at("root.dump"), at("printed")]);
		expect(both).toEqual({ status: 0, stdout: `${imageDigest}\n`, stderr: "" });
		expect(existsSync(at("printed"))).toBe(true);
		const only = composefs(["build", "--print-digest-only", at("root.dump")]);
		expect(only).toEqual({ status: 0, stdout: `${imageDigest}\n`, stderr: "" });
	});

	test("--json says what came of it, also where no image is written", () => {
		const { status, stdout } = composefs(["build", "--json", at("root.dump"), at("told")]);
		const { size } = statSync(at("told"));
		const told = { digest: imageDigest, size, version: 0, warnings: [] };
		expect({ status, told: JSON.parse(stdout) }).toEqual({ status: 0, told: { image: at("told"), ...told } });
		const only = composefs(["build", "--json", "--print-digest-only", at("root.dump")]);
		expect(JSON.parse(only.stdout)).toEqual(told);
		expect(composefs(["build", "--json", at("root.dump"), "-"])).toMatchObject({ status: 2, stdout: "" });
	});

	test("--min-version, --max-version", () => {
		const version = (...args: string[]) => {
			composefs(["build", ...args, at("root.dump"), at("versioned")]);
			return readFileSync(at("versioned")).readUInt32LE(12);
		};
		expect(version()).toBe(0);
		expect(version("--min-version", "1")).toBe(1);
		expect(version("--max-version", "0")).toBe(0);
	});

	test("a warning goes to stderr, and the image is written", () => {
		const text = "/ 0 40755 2 0 0 0 0.0 - - - trusted.overlay.opaque=y\n/w 0 20000 1 0 0 0 0.0 - - -\n";
		const { status, stderr } = composefs(["build", "-", at("warned")], { input: text });
		expect(status).toBe(0);
		expect(stderr).toMatch(/^composefs: warning: \/w: a whiteout in an opaque directory/);
		expect(existsSync(at("warned"))).toBe(true);
	});

	test("a line that is wrong is named, and the old image stays", () => {
		writeFileSync(at("old"), "old");
		const { status, stdout, stderr } = composefs(["build", "-", at("old")], { input: "/ 0 40755 2 0 x" });
		expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
		expect(stderr).toBe("composefs: line 1: RDEV: the line ends before this field\n");
		expect(readFileSync(at("old"), "utf8")).toBe("old");
	});

	test.each([
		["a source that is not there", ["build", "--store", "objects", "/nonexistent", "image"], "ENOENT"],
		["a folder that is not there", ["build", "-", "/nonexistent/image"], "ENOENT"],
	])("%s", (_title, args, message) => {
		const result = composefs(args, { input: "/ 0 40755 2 0 0 0 0.0 - - -\n" });
		expect(result.status).toBe(1);
		expect(result.stderr).toContain(message);
	});

	test("a directory and an image with --print-digest-only: the image is what is too much", () => {
		const { status, stderr } = composefs(["build", "--print-digest-only", at(), at("image")]);
		expect([status, stderr]).toEqual([2, expect.stringContaining("--print-digest-only no image is named")]);
	});

	test.each([
		["no image", ["build", "x"]],
		["an image that is not wanted", ["build", "--from", "dump", "--print-digest-only", "x", "y"]],
		["image and digest on stdout", ["build", "--print-digest", "x", "-"]],
		["a version that is none", ["build", "--min-version", "2", "x", "y"]],
		["versions crossed", ["build", "--min-version", "1", "--max-version", "0", "x", "y"]],
		["an unknown kind of source", ["build", "--from", "rpm", "x", "y"]],
	])("%s is a usage error", (_title, args) => {
		expect(composefs(args).status).toBe(2);
	});

	test("SIGINT while the source is read leaves nothing behind", async () => {
		const before = readdirSync(at()).sort();
		const child = spawn(process.execPath, [program, "build", "-", at("interrupted")]);
		// More than a pipe holds: when it is written, the command is reading.
		await new Promise((resolve) => child.stdin.write(dump.subarray(0, 1_000_000), resolve));
		child.kill("SIGINT");
		// The text goes on; what reads it sees the signal at its next slice.
		child.stdin.on("error", () => {}).end(dump.subarray(1_000_000));
		const [status] = await once(child, "close");
		expect(status).toBe(130);
		expect(readdirSync(at()).sort()).toEqual(before);
	});
});
