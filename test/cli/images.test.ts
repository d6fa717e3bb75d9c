import { writeFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { composefs } from "../support/cli.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();

beforeEach(async () => {
	await writeImage(new Tree(), { to: at("good") });
	writeFileSync(at("bad"), "no image");
});

describe("of several images, the error names the one at fault", () => {
	test.each(["ls", "dump", "info", "objects"])("%s", (command) => {
		const { status, stderr } = composefs([command, at("good"), at("bad")]);
		expect(status).toBe(1);
		expect(stderr).toContain(`composefs: ${at("bad")}: offset 0: `);
	});

	test("diff", () => {
		const { status, stderr } = composefs(["diff", at("good"), at("bad")]);
		expect(status).toBe(2);
		expect(stderr).toContain(`composefs: ${at("bad")}: offset 0: `);
	});

	test("a directory", () => {
		expect(composefs(["ls", at("")]).stderr).toContain(at(""));
	});
});
