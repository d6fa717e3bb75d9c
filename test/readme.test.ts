import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { MemoryLayout, tagged } from "./support/layouts.ts";
import { projectRoot } from "./support/needs.ts";
import { plainTar } from "./support/plain-tar.ts";

const blocks = [
	...readFileSync(path.join(projectRoot, "README.md"), "utf8").matchAll(/```js\n(.*?)```/gs),
].map(([, code]) => code as string);

// Inside the package, so that "composefs" means this checkout; its lib/ is what a user would import.
const folder = path.join(projectRoot, "build");
let work: string;

beforeAll(() => {
	mkdirSync(folder, { recursive: true });
	work = mkdtempSync(path.join(folder, "readme-"));
	const dump = readFileSync(path.join(projectRoot, "test/fixtures/debian-12.dump.gz"));
	writeFileSync(path.join(work, "rootfs.dump"), gunzipSync(dump));
	const layout = new MemoryLayout();
	layout.tag(tagged(layout.image([{ bytes: plainTar("usr/", "usr/file") }]), "latest"));
	layout.write(path.join(work, "layout"));
});

afterAll(() => rmSync(work, { recursive: true, force: true }));

describe("README", () => {
	test("has its examples", () => expect(blocks.length).toBeGreaterThanOrEqual(3));

	test.each(blocks.map((code, number) => [number, code] as const))("example %d runs", (number, code) => {
		const file = path.join(work, `example-${number}.mjs`);
		writeFileSync(file, code);
		const { status, stderr } = spawnSync(process.execPath, [file], { cwd: work, encoding: "utf8" });
		expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
	});
});
