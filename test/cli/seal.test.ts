import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { copyImage } from "../../src/oci/copy/copy.ts";
import { openLayout } from "../../src/oci/layout.ts";
import { RegistryClient } from "../../src/oci/registry/client.ts";
import { composefs } from "../support/cli.ts";
import { type RunningRegistry, startRegistry } from "../support/docker-registry.ts";
import { sha256 } from "../support/layouts.ts";
import { describeIf, findProgram } from "../support/needs.ts";
import { writeLayout, writeOciArchive } from "../support/pulled-images.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const seal = (...args: string[]) => composefs(["seal", "--platform", "linux/amd64", ...args]);
const v1 = () => `oci:${at("layout")}:v1`;

let mounted: string | undefined;

/** What is mounted: the image of version 1 of the same profile. */
function expected(): string {
	const args = ["build", "--profile", "oci", "--min-version", "1", "--print-digest-only"];
	mounted ??= composefs([...args, "--platform", "linux/amd64", v1()]).stdout.trim();
	return mounted;
}

beforeEach(() => void writeLayout(at("layout")));

describe("composefs seal", () => {
	test("puts an artifact beside the image, which is checked; the image stays", () => {
		const before = composefs(["inspect", "--json", "--platform", "linux/amd64", v1()]);
		expect(seal("--check", v1())).toEqual({
			status: 3,
			stdout: "",
			stderr: "composefs: the image has no seal\n",
		});
		const { status, stdout } = seal(v1());
		expect([status, stdout]).toEqual([0, expect.stringMatching(/^sha256:[0-9a-f]{64} {2}[0-9a-f]{64}\n$/)]);
		expect(stdout.trim().slice(-64)).toBe(expected());
		expect(seal("--check", v1())).toEqual({ status: 0, stdout: `artifact: OK  ${expected()}\n`, stderr: "" });
		// It is no image: the only one that there is needs no tag still.
		const after = composefs(["inspect", "--json", "--platform", "linux/amd64", `oci:${at("layout")}`]);
		const [was, is] = [before, after].map((result) => JSON.parse(result.stdout));
		expect(is.manifest).toEqual(was.manifest);
		expect(is.seals.artifacts).toMatchObject([{ merged: expected() }]);
	});

	test("--inline makes a sealed copy", () => {
		const { stdout } = seal("--inline", "sealed", "--json", v1());
		const { put, manifest } = JSON.parse(stdout);
		expect(put).not.toBe(manifest);
		expect(seal("--check", "--json", `oci:${at("layout")}:sealed`).status).toBe(0);
		expect(seal("--check", v1()).status).toBe(3);
	});

	test("--check finds a seal that is not the image's", () => {
		seal(v1());
		const raw = seal("--check", "--profile", "raw", v1());
		expect([raw.status, raw.stdout]).toEqual([
			3,
			expect.stringMatching(/^artifact: FAILED: .*the digest is/),
		]);
		const index = JSON.parse(readFileSync(at("layout", "index.json"), "utf8"));
		expect(index.manifests).toHaveLength(2);
		const [found] = JSON.parse(seal("--check", "--json", "--profile", "raw", v1()).stdout);
		expect(found).toMatchObject({ place: "artifact", ok: false, seal: { merged: expected() } });
	});

	test("says what it does not check", () => {
		const digest = "composefs.merged.bootable.erofs.v1.fsverity-sha256-12";
		const { stdout } = seal("--inline", "sealed", "--json", v1());
		const file = at("layout", "blobs", JSON.parse(stdout).put.replace(":", "/"));
		const manifest = JSON.parse(readFileSync(file, "utf8"));
		manifest.annotations[digest] = "0".repeat(64);
		writeFileSync(at("manifest"), JSON.stringify(manifest));
		const bytes = readFileSync(at("manifest"));
		const hex = sha256(bytes).slice(7);
		writeFileSync(at("layout", "blobs", "sha256", hex), bytes);
		const index = {
			schemaVersion: 2,
			manifests: [{ mediaType: manifest.mediaType, digest: `sha256:${hex}`, size: bytes.length }],
		};
		writeFileSync(at("layout", "index.json"), JSON.stringify(index));
		expect(seal("--check", `oci:${at("layout")}`)).toMatchObject({
			status: 0,
			stdout: expect.stringMatching(/^manifest: OK {2}[0-9a-f]{64}; not checked: bootable\n$/),
		});
	});

	test("says what cannot be", () => {
		writeOciArchive(at("oci.tar"));
		expect(seal(`oci-archive:${at("oci.tar")}`)).toMatchObject({ status: 2 });
		expect(seal("--check", `oci-archive:${at("oci.tar")}`)).toMatchObject({ status: 3 });
		expect(seal("--check", "--inline", "x", v1()).status).toBe(2);
	});
});

describeIf("in a registry", findProgram("docker-registry"), "docker-registry is not on PATH", (program) => {
	let registry: RunningRegistry;
	beforeAll(async () => {
		registry = await startRegistry(program, { auth: "open" });
	});
	afterAll(() => registry.close());

	test("seals are put, found and checked", async () => {
		const name = `${registry.host}/some/image`;
		const client = new RegistryClient({ plainHttp: "loopback", credentials: async () => undefined });
		const image = await (await openLayout(at("layout"))).resolve("v1");
		await copyImage(image, client.repository(name), { tag: "v1" });
		const remote = (...args: string[]) => seal("--plain-http", "--store", at("store"), ...args);
		expect(remote("--check", `${name}:v1`).status).toBe(3);
		expect(remote(`${name}:v1`).status).toBe(0);
		expect(remote("--inline", "sealed", `${name}:v1`).status).toBe(0);
		expect(remote("--check", `${name}:v1`).stdout).toBe(`artifact: OK  ${expected()}\n`);
		expect(remote("--check", `${name}:sealed`).stdout).toBe(`manifest: OK  ${expected()}\n`);
	});
});
