import { spawnSync } from "node:child_process";
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import path from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { copyImage, openLayout, RegistryClient } from "../src/oci/index.ts";
import { type RunningRegistry, startRegistry } from "./support/docker-registry.ts";
import { MemoryLayout, tagged } from "./support/layouts.ts";
import { CANNOT_MOUNT, canMount } from "./support/mounting.ts";
import { describeIf, findProgram, projectRoot } from "./support/needs.ts";
import { plainTar } from "./support/plain-tar.ts";
import { CANNOT_LOCK, canLock } from "./support/sandbox.ts";
import { twoVersions } from "./support/two-versions.ts";

// docs/api is the package that makes the API reference, and has others' pages in its node_modules.
const guides = readdirSync(path.join(projectRoot, "docs"), { recursive: true, encoding: "utf8" }).filter(
	(name) => !name.startsWith("api/"),
);
const pages = ["README.md", ...guides.filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`)];
const textOf = (page: string) => readFileSync(path.join(projectRoot, page), "utf8");

/**
 * What stands between ```js and the block's end; ```js root for what mounts, ```js seccomp for sandboxes, ```js registry
 * for what asks one.
 */
function blocksOf(language: string): [page: string, number: number, code: string][] {
	const pattern = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms");
	return pages.flatMap((page) =>
		Array.from(textOf(page).matchAll(pattern), ([, code], number): [string, number, string] => [
			page,
			number,
			code as string,
		]),
	);
}

// Inside the package, so that "composefs" means this checkout; its lib/ is what a user would import.
const folder = path.join(projectRoot, "build");
let work: string;

/** A folder for each example: what they read is there, and none meets another's files. */
beforeAll(() => {
	mkdirSync(folder, { recursive: true });
	work = mkdtempSync(path.join(folder, "readme-"));
});

afterAll(() => rmSync(work, { recursive: true, force: true }));

function makeInputs(): string {
	const inputs = mkdtempSync(path.join(work, "example-"));
	const dump = readFileSync(path.join(projectRoot, "test/fixtures/debian-12.dump.gz"));
	writeFileSync(path.join(inputs, "rootfs.dump"), gunzipSync(dump));
	writeFileSync(path.join(inputs, "layer.tar.gz"), gzipSync(plainTar("etc/", "etc/motd")));
	const layout = new MemoryLayout();
	layout.tag(tagged(layout.image([{ bytes: plainTar("usr/", "usr/file") }]), "latest"));
	layout.write(path.join(inputs, "layout"));
	twoVersions().write(path.join(inputs, "chunked"));
	return inputs;
}

function run(code: string, wrapper: readonly string[] = []): { status: number | null; stderr: string } {
	const cwd = makeInputs();
	writeFileSync(path.join(cwd, "example.mjs"), code);
	const [program = "", ...args] = [...wrapper, process.execPath, "example.mjs"];
	const { status, stderr } = spawnSync(program, args, { cwd, encoding: "utf8" });
	return { status, stderr };
}

describe("examples in README and docs/", () => {
	test("are all of a kind that some test runs", () => {
		const kinds = pages.flatMap((page) =>
			Array.from(textOf(page).matchAll(/^```(\S.*)$/gm), ([, kind = ""]) =>
				kind.replace(/^json composefs .*/, "json of a command"),
			),
		);
		// js verity: test/vm.test.ts; json of a command: test/json-in-docs.test.ts
		expect([...new Set(kinds)].sort()).toEqual([
			"js",
			"js registry",
			"js root",
			"js seccomp",
			"js verity",
			"json of a command",
		]);
	});

	test("are found", () => expect(blocksOf("js").length).toBeGreaterThanOrEqual(24));

	test.each(blocksOf("js"))("%s %d runs", (_page, _number, code) => {
		expect(run(code)).toEqual({ status: 0, stderr: "" });
	});
});

describeIf("examples that mount", canMount, CANNOT_MOUNT, () => {
	test.each(blocksOf("js root"))("%s %d runs", (_page, _number, code) => {
		expect(run(code, ["unshare", "-m"])).toEqual({ status: 0, stderr: "" });
	});
});

// A worker has no memory for what is preloaded.
const isPlain = process.env.LD_PRELOAD === undefined;

describeIf("examples of sandboxes", isPlain ? canLock : undefined, CANNOT_LOCK, () => {
	test.each(blocksOf("js seccomp"))("%s %d runs", (_page, _number, code) => {
		expect(run(code)).toEqual({ status: 0, stderr: "" });
	});
});

const registryProgram = findProgram("docker-registry");
describeIf("examples with a registry", registryProgram, "docker-registry is not on PATH", (program) => {
	let registry: RunningRegistry;
	beforeAll(async () => {
		registry = await startRegistry(program, { auth: "open" });
		const layout = mkdtempSync(path.join(work, "pushed-"));
		twoVersions().write(layout);
		const image = await (await openLayout(layout)).resolve("1");
		const { host } = registry;
		const client = new RegistryClient({ plainHttp: "loopback" });
		await copyImage(image, client.repository(`${host}/app`), { tag: "1" });
	});
	afterAll(() => registry.close());

	test.each(blocksOf("js registry"))("%s %d runs", (_page, _number, code) => {
		expect(run(code.replaceAll("localhost:5000", registry.host))).toEqual({ status: 0, stderr: "" });
	});
});

test.each(pages)("links of %s lead to files", (page) => {
	const targets = Array.from(
		textOf(page).matchAll(/\]\((?!https?:)([^)#]+)/g),
		([, target]) => target as string,
	);
	const missing = targets.filter((target) => !existsSync(path.join(projectRoot, path.dirname(page), target)));
	expect(missing).toEqual([]);
});
