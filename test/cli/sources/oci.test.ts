import path from "node:path";
import { describe, expect, test } from "@jest/globals";
import { composefs } from "../../support/cli.ts";
import { describeIf, sharedFolder } from "../../support/needs.ts";
import { writeDockerArchive, writeLayout } from "../../support/pulled-images.ts";
import { useTemporaryFolder } from "../../support/temporary.ts";

const at = useTemporaryFolder();
const platform = ["--platform", "linux/amd64"];
const build = (...args: string[]) => composefs(["build", "--print-digest-only", ...platform, ...args]);

describe("composefs build from an image", () => {
	test("takes a layout or an archive, with a store or without", () => {
		writeLayout(at("layout"));
		writeDockerArchive(at("docker.tar"), "example/it:v1");
		const { status, stdout, stderr } = build(at("layout"));
		expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
		for (const source of [at("layout:v1"), `oci:${at("layout")}`, `docker-archive:${at("docker.tar")}`])
			expect(build("--store", at("store"), source).stdout).toBe(stdout);
	});

	test("says what it does not take", () => {
		writeLayout(at("layout"));
		expect(build("--from", "oci", "docker://debian")).toMatchObject({
			status: 2,
			stderr: expect.stringContaining("composefs pull"),
		});
		expect(build(at("layout"), at("layout"))).toMatchObject({
			status: 2,
			stderr: expect.stringContaining("is one source"),
		});
		expect(build(at("layout:none"))).toMatchObject({ status: 1, stderr: expect.stringContaining("v1") });
	});
});

describeIf("real images", sharedFolder, "no folder of further inputs", (shared) => {
	test("have one digest in gzip and zstd:chunked", () => {
		const [gzip, chunked] = ["base:l4", "zstd-chunked-old:l4"].map((name) =>
			build(path.join(shared, "images", name)),
		);
		expect(gzip).toEqual({ status: 0, stdout: expect.stringMatching(/^[0-9a-f]{64}\n$/), stderr: "" });
		expect(chunked).toEqual(gzip);
	});
});
