import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { composefs } from "../support/cli.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const garbage = `aa/${"b".repeat(62)}`;

beforeEach(async () => {
	await writeImage(new Tree(), { to: at("image") });
	mkdirSync(at("store/aa"), { recursive: true });
	writeFileSync(at("store", garbage), "text");
});

describe("composefs gc", () => {
	test("--dry-run lists, without it removes", () => {
		const dry = composefs(["gc", "--store", at("store"), "--dry-run", at("image")]);
		expect(dry).toMatchObject({ status: 0, stderr: "" });
		expect(dry.stdout.split("\n")[0]).toBe(garbage);
		expect(existsSync(at("store", garbage))).toBe(true);
		expect(composefs(["gc", "--store", at("store"), at("image")])).toEqual(dry);
		expect(existsSync(at("store", garbage))).toBe(false);
	});

	test("--json", () => {
		const { stdout } = composefs(["gc", "--store", at("store"), "--json", at("image")]);
		expect(JSON.parse(stdout)).toMatchObject({
			removed: [{ path: garbage, size: 4 }],
			kept: 0,
			leftovers: [],
		});
	});

	test("needs a store that is there, and an image", () => {
		expect(composefs(["gc", at("image")]).status).toBe(2);
		expect(composefs(["gc", "--store", at("store")]).status).toBe(2);
		expect(composefs(["gc", "--store", at("none"), at("image")])).toMatchObject({ status: 1 });
		expect(existsSync(at("none"))).toBe(false);
	});
});
