import { cpSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { readImage } from "../../src/image/index.ts";
import { MemoryLayout, tagged } from "../support/layouts.ts";
import { plainTar } from "../support/plain-tar.ts";
import { runExample } from "../support/run-example.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();

function writeRecipe(folder: string, base?: string): void {
	mkdirSync(at(folder, "dist"), { recursive: true });
	writeFileSync(at(folder, "dist/main.js"), "// a program\n".repeat(50));
	const recipe = {
		base,
		copy: { "/opt/app": "dist" },
		write: { "/etc/hostname": "box\n" },
		links: { "/usr/bin/app": "/opt/app/main.js" },
		mtime: "2026-01-01",
	};
	writeFileSync(at(folder, "recipe.json"), JSON.stringify(recipe));
}

describe("build-image", () => {
	test("makes an image of a recipe: the same wherever and whenever", async () => {
		writeRecipe("a");
		cpSync(at("a"), at("b"), { recursive: true });
		utimesSync(at("b/dist/main.js"), 1000, 1000);
		const [a, b] = ["a", "b"].map((folder) => runExample("build-image", ["recipe.json", "out"], at(folder)));
		expect(a).toEqual({ ended: 0, stdout: expect.stringMatching(/^[0-9a-f]{64}\n$/), stderr: "" });
		expect(b).toEqual(a);
		const tree = await readImage(at("a/out/image.cfs"));
		expect(tree.get("/usr/bin/app")).toMatchObject({ type: "symlink", target: "/opt/app/main.js" });
		expect(tree.get("/opt/app/main.js")).toMatchObject({ size: 650, uid: 0 });
		expect(tree.get("/etc/hostname")?.mtimeNs).toBe(BigInt(Date.parse("2026-01-01")) * 1_000_000n);
		expect(readdirSync(at("a/out/objects")).filter((name) => /^[0-9a-f]{2}$/.test(name))).toHaveLength(1);
	});

	test("without arguments says what it takes", () => {
		expect(runExample("build-image", [], at())).toEqual({
			ended: 2,
			stdout: "",
			stderr: "usage: build-image RECIPE OUT\n",
		});
		expect(readdirSync(at())).toEqual([]);
	});

	test("puts it over a base", async () => {
		const layout = new MemoryLayout();
		layout.tag(tagged(layout.image([{ bytes: plainTar("usr/", "usr/file") }]), "latest"));
		writeRecipe("c", "layout");
		layout.write(at("c/layout"));
		expect(runExample("build-image", ["recipe.json", "out"], at("c"))).toMatchObject({
			ended: 0,
			stderr: "",
		});
		const tree = await readImage(at("c/out/image.cfs"));
		expect([tree.readdir("/"), tree.readdir("/usr")]).toEqual([
			["etc", "opt", "usr"],
			["bin", "file"],
		]);
	});
});
