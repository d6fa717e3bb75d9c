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
		const [, told = ""] = /\nwould remove (.*\n)$/.exec(dry.stdout) ?? [];
		expect(told).toMatch(/^1 object of \d+ bytes, 0 unfinished; 0 objects are needed\n$/);
		expect(composefs(["gc", "--store", at("store"), at("image")])).toEqual({
			...dry,
			stdout: `${garbage}\nremoved ${told}`,
		});
		expect(existsSync(at("store", garbage))).toBe(false);
	});

	test("tells one object from several", async () => {
		const tree = new Tree();
		tree.writeFile("/f", { size: 4, path: garbage });
		await writeImage(tree, { to: at("image") });
		expect(composefs(["gc", "--store", at("store"), at("image")]).stdout).toBe(
			"removed 0 objects of 0 bytes, 0 unfinished; 1 object is needed\n",
		);
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
