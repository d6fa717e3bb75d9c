import { cpSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { openLayout } from "../../src/oci/layout.ts";
import { hostPlatform } from "../../src/oci/platform.ts";
import { pullImage } from "../../src/oci/pull.ts";
import { RegistryClient } from "../../src/oci/registry/client.ts";
import { startRegistry } from "../support/docker-registry.ts";
import { MemoryLayout, tagged } from "../support/layouts.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { describeIf, findProgram } from "../support/needs.ts";
import { plainTar } from "../support/plain-tar.ts";
import { runExample } from "../support/run-example.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const NAMES = ["base", "dist"] as const;

/** A base with files where the directory goes, and the directory. */
function makeInputs(folder: string): void {
	const layout = new MemoryLayout();
	const config = { ...hostPlatform(), config: { Cmd: ["sh"], Env: ["A=1"] } };
	const image = layout.image([{ bytes: plainTar("usr/", "usr/file", "opt/", "opt/app/", "opt/app/old") }], {
		config,
	});
	layout.tag(tagged(image, "latest"));
	layout.write(at(folder, "base"));
	mkdirSync(at(folder, "dist/lib"), { recursive: true });
	writeFileSync(at(folder, "dist/main"), "#!/bin/sh\n".repeat(50), { mode: 0o755 });
	writeFileSync(at(folder, "dist/lib/data"), "small");
}

const push = (folder: string, ...targets: string[]) =>
	runExample(
		"push-image",
		["oci:base", "dist", "/opt/app", ...targets, "--entrypoint", "/opt/app/main"],
		at(folder),
	);

describe("push-image", () => {
	test("puts a directory over a base: the same wherever and whenever", async () => {
		makeInputs("a");
		for (const name of NAMES) cpSync(at("a", name), at("b", name), { recursive: true });
		utimesSync(at("b/dist/main"), 2e9, 2e9);
		const [a, b] = [push("a", "oci:out:1", "oci:second"), push("b", "oci:out:1")];
		expect(a).toEqual({ ended: 0, stdout: expect.stringMatching(/^sha256:[0-9a-f]{64}\n$/), stderr: "" });
		expect(b).toEqual(a);
		const image = await (await openLayout(at("a/out"))).resolve("1");
		expect(`${image.manifest.descriptor.digest}\n`).toBe(a.stdout);
		expect(JSON.parse(Buffer.from(image.config.bytes).toString())).toMatchObject({
			created: "1970-01-01T00:00:00.000Z",
			config: { Entrypoint: ["/opt/app/main"], Env: ["A=1"] },
		});
		const tree = await pullImage(image, { store: new MemoryStore() });
		expect(["/usr", "/opt/app", "/opt/app/lib"].map((name) => tree.readdir(name))).toEqual([
			["file"],
			["lib", "main"],
			["data"],
		]);
		expect(tree.get("/opt/app/main")).toMatchObject({ mode: 0o755, uid: 0, size: 500 });
		expect(readdirSync(at("a")).sort()).toEqual(["base", "dist", "out", "second"]);
	});

	test("without arguments says what it takes, and of what is missing what it is", () => {
		expect(runExample("push-image", [], at())).toMatchObject({
			ended: 2,
			stderr: expect.stringMatching(/^usage: push-image /),
		});
		const { ended, stderr } = runExample("push-image", ["oci:none", "dist", "/app", "oci:out"], at());
		expect([ended, stderr]).toEqual([1, expect.stringMatching(/^ENOENT: .*\n$/)]);
		expect(readdirSync(at())).toEqual([]);
	});
});

describeIf(
	"push-image to a registry",
	findProgram("docker-registry"),
	"docker-registry is not on PATH",
	(program) => {
		test("stores the image there, and takes it as the base of another", async () => {
			const registry = await startRegistry(program, { auth: "open" });
			try {
				makeInputs("c");
				const first = push("c", `${registry.host}/app:1`, "--work", "work");
				expect(first).toMatchObject({ ended: 0, stderr: "" });
				expect(readdirSync(at("c/work")).sort()).toEqual(["layer.tar.zst", "objects"]);
				const args = [`${registry.host}/app:1`, "dist", "/srv", `${registry.host}/app:2`];
				expect(runExample("push-image", args, at("c"))).toMatchObject({ ended: 0, stderr: "" });
				const repository = new RegistryClient({ plainHttp: "loopback" }).repository(`${registry.host}/app:2`);
				const image = await repository.resolve();
				expect(image.layers).toHaveLength(3);
				const tree = await pullImage(image, { store: new MemoryStore() });
				expect(tree.get("/srv/main")).toMatchObject({ size: 500 });
			} finally {
				await registry.close();
			}
		});
	},
);
