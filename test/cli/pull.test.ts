import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { copyImage } from "../../src/oci/copy/copy.ts";
import { openLayout } from "../../src/oci/layout.ts";
import { RegistryClient } from "../../src/oci/registry/client.ts";
import { program as cli, composefs } from "../support/cli.ts";
import { type RunningRegistry, startRegistry, USER } from "../support/docker-registry.ts";
import { useServers } from "../support/http-server.ts";
import { MemoryLayout, tagged } from "../support/layouts.ts";
import { describeIf, findProgram, sharedFolder } from "../support/needs.ts";
import { addImage, writeDockerArchive, writeLayout, writeOciArchive } from "../support/pulled-images.ts";
import { proxyTo } from "../support/registry-proxy.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const serve = useServers();
const platform = ["--platform", "linux/amd64"];

/** Pulls into a store of its own; what it printed. */
function pull(source: string, ...options: string[]) {
	return composefs(["pull", source, "--store", at("store"), ...platform, ...options]);
}

const printed = (source: string, ...options: string[]) => {
	const { status, stdout, stderr } = pull(source, "--print-digest", ...options);
	expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
	return stdout.trim();
};

describe("composefs pull", () => {
	beforeEach(() => void writeLayout(at("layout")));

	test("writes the image, and fills the store with what it needs", () => {
		const digest = printed(`oci:${at("layout")}:v1`, "--image", at("image"));
		expect(composefs(["digest", at("image")]).stdout).toBe(`${digest}  ${at("image")}\n`);
		const { status, stdout } = composefs(["fsck", "--store", at("store"), at("image")]);
		expect([status, stdout]).toEqual([0, "4 objects of 5000170 bytes: OK\n"]);
		expect(composefs(["ls", at("image")]).stdout).not.toContain("gone");
	});

	test("gives one digest for the forms of an image", () => {
		const digest = printed(`oci:${at("layout")}:v1`);
		writeOciArchive(at("oci.tar"));
		writeDockerArchive(at("docker.tar"), "example/it:v1");
		expect(printed(`oci-archive:${at("oci.tar")}:v1`)).toBe(digest);
		expect(printed(`oci-archive:${at("oci.tar")}`)).toBe(digest);
		expect(printed(`docker-archive:${at("docker.tar")}`)).toBe(digest);
		expect(printed(`docker-archive:${at("docker.tar")}:example/it:v1`)).toBe(digest);
		expect(printed(`docker-archive:${at("docker.tar")}:docker.io/example/it:v1`)).toBe(digest);
	});

	test("--profile and versions make other images", () => {
		const source = `oci:${at("layout")}`;
		const digests = [[], ["--profile", "oci"], ["--min-version", "1"]].map((options) =>
			printed(source, ...options),
		);
		expect(new Set(digests).size).toBe(3);
	});

	test("--json says what came of it; the image can go to stdout", () => {
		const { stdout } = pull(`oci:${at("layout")}`, "--json", "--image", at("image"));
		const result = JSON.parse(stdout);
		expect(result).toMatchObject({
			image: at("image"),
			version: 0,
			size: statSync(at("image")).size,
			warnings: [],
			platform: { os: "linux", architecture: "amd64" },
			layers: [{ digest: expect.stringMatching(/^sha256:/), size: expect.any(Number) }, {}],
		});
		const piped = pull(`oci:${at("layout")}`, "--image", "-");
		expect(Buffer.from(piped.stdout, "latin1").equals(readFileSync(at("image")))).toBe(true);
	});

	test("--dry-run makes no store", () => {
		const dry = pull(`oci:${at("layout")}`, "--dry-run");
		expect(dry).toMatchObject({ status: 0, stdout: expect.stringMatching(/^all layers /m), stderr: "" });
		expect(existsSync(at("store"))).toBe(false);
		expect(printed(`oci:${at("layout")}`)).not.toBe("");
		expect(pull(`oci:${at("layout")}`, "--dry-run")).toMatchObject({ status: 0, stderr: "" });
	});

	test("--platform chooses", () => {
		const layout = new MemoryLayout();
		const images = ["amd64", "arm64"].map((architecture) => ({
			...addImage(layout, { architecture }),
			platform: { os: "linux", architecture },
		}));
		layout.tag(tagged(layout.addIndex(images), "both")).write(at("both"));
		const { stdout } = pull(`oci:${at("both")}:both`, "--json", "--platform", "linux/arm64");
		expect(JSON.parse(stdout).manifest).toBe(images[1]?.digest);
		expect(pull(`oci:${at("both")}`, "--json", "--platform", "linux/s390x")).toMatchObject({
			status: 1,
			stderr: expect.stringContaining("has no image for linux/s390x, only for linux/amd64, linux/arm64"),
		});
	});

	test("a layer that is not what its digest says ends it with 3, and the old image stays", () => {
		writeFileSync(at("old"), "old");
		const blobs = at("layout", "blobs", "sha256");
		const [largest = ""] = readdirSync(blobs).sort((a, b) => size(b) - size(a));
		function size(name: string) {
			return statSync(path.join(blobs, name)).size;
		}
		const bytes = readFileSync(path.join(blobs, largest));
		const middle = Buffer.from(bytes);
		middle.fill(0, middle.length >> 1, (middle.length >> 1) + 100);
		const last = Buffer.concat([bytes.subarray(0, -1), Buffer.of(1)]);
		for (const damaged of [bytes.subarray(0, -1), last, middle]) {
			writeFileSync(path.join(blobs, largest), damaged);
			const { status, stdout, stderr } = pull(`oci:${at("layout")}`, "--image", at("old"), "--print-digest");
			expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
			expect(stderr).toMatch(/^composefs: .*(?:the digest is|ends after).*\n$/);
			expect(readFileSync(at("old"), "utf8")).toBe("old");
		}
		expect(composefs(["fsck", "--store", at("store")]).status).toBe(0);
	});

	test.each([
		["nowhere to write to", ["oci:layout"]],
		["image and digest on stdout", ["oci:layout", "--image", "-", "--print-digest"]],
		["a platform that is none", ["oci:layout", "--image", "x", "--platform", "linux"]],
		["an unknown profile", ["oci:layout", "--image", "x", "--profile", "best"]],
		["a version that is none", ["oci:layout", "--image", "x", "--min-version", "2"]],
		["a mirror that is none", ["debian", "--image", "x", "--mirror", "a b"]],
		["a cache for what is here", ["oci:layout", "--image", "x", "--cache", "y"]],
		["a registry's option", ["oci:.", "--image", "x", "--plain-http"]],
		["no store", []],
	])("%s is a usage error", (_title, args) => {
		const store = args.length === 0 ? [] : ["--store", at("store")];
		expect(composefs(["pull", ...args, ...store]).status).toBe(2);
	});

	test.each([
		["oci:/nonexistent:v1", "ENOENT"],
		["docker-archive:/nonexistent", "ENOENT"],
		["UPPER", "is no repository"],
	])("%s is said to be wrong", (source, message) => {
		expect(pull(source, "--image", at("image"))).toMatchObject({
			status: 1,
			stderr: expect.stringContaining(message),
		});
		expect(existsSync(at("image"))).toBe(false);
	});
});

describeIf("real images", sharedFolder, "no folder of further inputs", (shared) => {
	test("are the same by their tables and as a whole; remembered, nothing of them is fetched again", () => {
		const source = `oci:${path.join(shared, "images", "zstd-chunked-old:l4")}`;
		const whole = pull(source, "--no-partial", "--remember", "--print-digest");
		expect(whole).toMatchObject({ status: 0, stdout: expect.stringMatching(/^[0-9a-f]{64}\n$/) });
		expect(JSON.parse(pull(source, "--dry-run", "--json").stdout).fetched).toBe(0);
		expect(pull(source, "--print-digest").stdout).toBe(whole.stdout);
	});

	test("have with --dry-run one plan for a store that is not there and one that is empty", () => {
		const source = `oci:${path.join(shared, "images", "zstd-chunked:l5")}`;
		const none = pull(source, "--dry-run", "--json");
		expect(existsSync(at("store"))).toBe(false);
		mkdirSync(at("store"));
		expect(pull(source, "--dry-run", "--json")).toEqual(none);
		expect(JSON.parse(none.stdout).fetched).toBeGreaterThan(0);
	});
});

const openssl = findProgram("openssl");
const registryProgram = openssl && findProgram("docker-registry");

describeIf(
	"from a registry with tokens",
	registryProgram,
	"docker-registry or openssl is not on PATH",
	(found) => {
		let registry: RunningRegistry;
		beforeAll(async () => {
			registry = await startRegistry(found, { auth: "token", openssl: openssl ?? "" });
		});
		afterAll(() => registry.close());
		beforeEach(async () => {
			writeLayout(at("layout"));
			const client = new RegistryClient({ plainHttp: "loopback", credentials: USER });
			const image = await (await openLayout(at("layout"))).resolve("v1");
			await copyImage(image, client.repository(`${registry.host}/some/image`), { tag: "v1" });
			logIn(USER.password);
		});

		/** As `docker login` leaves it. */
		function logIn(password: string) {
			const auth = Buffer.from(`${USER.username}:${password}`).toString("base64");
			mkdirSync(at("docker"), { recursive: true });
			writeFileSync(at("docker", "config.json"), JSON.stringify({ auths: { [registry.host]: { auth } } }));
		}

		test("with a wrong password fails", async () => {
			logIn("wrong");
			const { ended } = await pullFrom(registry.host);
			expect(await ended).toMatchObject({ status: 1, stdout: "", stderr: expect.stringContaining("401") });
		});

		/** Without waiting: servers of this process answer. */
		async function pullFrom(host: string, ...options: string[]) {
			const args = [
				cli,
				"pull",
				`${host}/some/image:v1`,
				"--plain-http",
				"--store",
				at("store"),
				...platform,
			];
			const env = { ...process.env, DOCKER_CONFIG: at("docker"), REGISTRY_AUTH_FILE: "" };
			const child = spawn(process.execPath, [...args, "--print-digest", ...options], { env });
			let [stdout, stderr] = ["", ""];
			child.stdout.on("data", (text) => (stdout += text));
			child.stderr.on("data", (text) => (stderr += text));
			const ended = once(child, "close").then(([status]) => ({ status, stdout: stdout.trim(), stderr }));
			return { child, ended };
		}

		const kept = () => at("store", ".layers", "blobs", "sha256");
		/** Bytes of layers that are kept. */
		const onDisk = () =>
			(existsSync(kept()) ? readdirSync(kept()) : []).reduce(
				(sum, name) => sum + statSync(path.join(kept(), name)).size,
				0,
			);

		test("has the digest of the layout, and leaves no layers behind", async () => {
			const { ended } = await pullFrom(registry.host, "--image", at("image"));
			const expected = printed(`oci:${at("layout")}`);
			expect(await ended).toEqual({ status: 0, stdout: expected, stderr: "" });
			expect(readdirSync(kept())).toEqual([]);
			expect(composefs(["fsck", "--store", at("store"), at("image")]).status).toBe(0);
		});

		test.each([1000, 2_500_000, 4_500_000])(
			"SIGINT after %d bytes, and again: no byte that is kept comes twice",
			async (bytes) => {
				const interrupted = await (async () => {
					let stop = () => undefined as unknown;
					const emptied = new Promise<void>((resolve) => {
						stop = resolve;
					});
					const budget = { left: bytes, onEmpty: () => void stop() };
					const proxy = await serve(proxyTo(registry.host, new Map(), budget));
					const { child, ended } = await pullFrom(proxy.host);
					await Promise.race([emptied, ended]);
					// What is on its way to the disk gets there: when nothing more comes for a while, it has.
					for (let before = -1; before !== onDisk() || before === 0; ) {
						before = onDisk();
						await new Promise((resolve) => setTimeout(resolve, 100));
					}
					child.kill("SIGINT");
					return ended;
				})();
				expect(interrupted).toEqual({ status: 130, stdout: "", stderr: "" });
				const before = new Map(
					readdirSync(kept()).map((name) => [
						`sha256:${name.slice(0, 64)}`,
						statSync(path.join(kept(), name)).size,
					]),
				);
				const sum = [...before.values()].reduce((total, size) => total + size, 0);
				expect(sum).toBeGreaterThan(0);
				expect(sum).toBeLessThanOrEqual(bytes);

				const counts = new Map<string, number>();
				const proxy = await serve(proxyTo(registry.host, counts, { left: Number.POSITIVE_INFINITY }));
				const { ended } = await pullFrom(proxy.host, "--image", at("image"));
				expect(await ended).toEqual({ status: 0, stdout: printed(`oci:${at("layout")}`), stderr: "" });
				const { layers } = (await (await openLayout(at("layout"))).resolve("v1")).manifest.value;
				for (const { digest, size } of layers)
					expect(counts.get(digest) ?? 0).toBe(size - (before.get(digest) ?? 0));
				expect(readdirSync(kept())).toEqual([]);
				expect(composefs(["fsck", "--store", at("store"), at("image")]).status).toBe(0);
			},
		);

		test("--cache keeps the layers for the next one; --mirror is asked first", async () => {
			const first = await pullFrom(registry.host, "--cache", at("cache"));
			expect((await first.ended).status).toBe(0);
			expect(readdirSync(at("cache", "blobs", "sha256"))).toHaveLength(2);
			expect(existsSync(kept())).toBe(false);
			rmSync(at("store"), { recursive: true });
			const counts = new Map<string, number>();
			const mirror = await serve(proxyTo(registry.host, counts, { left: Number.POSITIVE_INFINITY }));
			const second = await pullFrom(registry.host, "--cache", at("cache"), "--mirror", mirror.host);
			expect(await second.ended).toMatchObject({ status: 0, stderr: "" });
			// The config alone.
			expect(counts.size).toBe(1);
		});
	},
);
