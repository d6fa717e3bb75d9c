import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type CredentialSource, dockerCredentials } from "../../../src/oci/registry/docker-config.ts";
import { useTemporaryFolder } from "../../support/temporary.ts";

const temporary = useTemporaryFolder();
const environment = { ...process.env };
beforeEach(() => {
	for (const name of ["DOCKER_CONFIG", "REGISTRY_AUTH_FILE"]) delete process.env[name];
	process.env.HOME = temporary();
});
afterEach(() => {
	process.env = { ...environment };
});

const base64 = (text: string) => Buffer.from(text).toString("base64");
const entry = (name: string) => ({ auth: base64(`${name}:of ${name}`) });
const found = (name: string) => ({ username: name, password: `of ${name}` });

/** Credentials of a configuration, for a host and a repository. */
function configured(config: unknown): CredentialSource {
	writeFileSync(temporary("config.json"), JSON.stringify(config));
	return dockerCredentials(temporary("config.json"));
}

/** A helper on PATH; what it is asked is in the file `asked`. */
function helper(name: string, script: string): void {
	mkdirSync(temporary("bin"), { recursive: true });
	const file = temporary("bin", `docker-credential-${name}`);
	writeFileSync(file, `#!/bin/sh\ncat > '${temporary("asked")}'\n${script}\n`);
	chmodSync(file, 0o755);
	process.env.PATH = `${temporary("bin")}:${environment.PATH}`;
}

describe("auths", () => {
	test.each<[string, unknown, string, unknown]>([
		["a host", { "host.example": entry("a") }, "host.example", found("a")],
		["a host and port", { "host.example:5000": entry("a") }, "host.example:5000", found("a")],
		["another port", { "host.example:5000": entry("a") }, "host.example", undefined],
		["a URL", { "https://host.example/v1/": entry("a") }, "host.example", found("a")],
		["the default's old name", { "https://index.docker.io/v1/": entry("a") }, "docker.io", found("a")],
		["the default's name", { "docker.io": entry("a") }, "docker.io", found("a")],
		[
			"a repository first",
			{ "h.example": entry("a"), "h.example/some/image": entry("b") },
			"h.example",
			found("b"),
		],
		["a folder", { "h.example/some": entry("b") }, "h.example", found("b")],
		["another folder", { "h.example/so": entry("b") }, "h.example", undefined],
		[
			"name and password",
			{ "h.example": { username: "x", password: "y" } },
			"h.example",
			{ username: "x", password: "y" },
		],
		[
			"a colon in it",
			{ "h.example": { auth: base64("x:y:z") } },
			"h.example",
			{ username: "x", password: "y:z" },
		],
		[
			"an identity token",
			{ "h.example": { ...entry("a"), identitytoken: "t" } },
			"h.example",
			{ identityToken: "t" },
		],
		["a registry token", { "h.example": { registrytoken: "t" } }, "h.example", { registryToken: "t" }],
		["nothing", { "h.example": {} }, "h.example", undefined],
		["nonsense", { "h.example": 5 }, "h.example", undefined],
		["no prototypes", {}, "__proto__", undefined],
	])("%s", async (_title, auths, host, expected) => {
		expect(await configured({ auths })(host, "some/image", {})).toEqual(expected);
	});

	test.each(["secretwithoutacolon", ":secretwithoutaname"])(
		"that are broken do not come out: %s",
		async (text) => {
			const secret = base64(text);
			const error = await configured({ auths: { h: { auth: secret } } })("h", "x", {}).catch(
				(reason) => reason,
			);
			expect(error).toMatchObject({ code: "ERR_COMPOSEFS_REGISTRY", rule: "credentials" });
			expect(error.message).not.toMatch(/secret/);
			expect(error.message).not.toContain(secret);
		},
	);
});

describe("files", () => {
	test("are that of REGISTRY_AUTH_FILE, of DOCKER_CONFIG, of the home folder, in this order", async () => {
		const write = (file: string, name: string) =>
			writeFileSync(file, JSON.stringify({ auths: { h: entry(name) } }));
		expect(await dockerCredentials()("h", "x", {})).toBeUndefined();
		for (const folder of [".docker", "docker"]) mkdirSync(temporary(folder));
		write(temporary(".docker", "config.json"), "home");
		expect(await dockerCredentials()("h", "x", {})).toEqual(found("home"));
		write(temporary("docker", "config.json"), "docker");
		process.env.DOCKER_CONFIG = temporary("docker");
		expect(await dockerCredentials()("h", "x", {})).toEqual(found("docker"));
		write(temporary("auth.json"), "auth");
		process.env.REGISTRY_AUTH_FILE = temporary("auth.json");
		expect(await dockerCredentials()("h", "x", {})).toEqual(found("auth"));
	});

	test("that were named must be there", async () => {
		await expect(dockerCredentials(temporary("none"))("h", "x", {})).rejects.toMatchObject({
			rule: "credentials",
		});
		process.env.REGISTRY_AUTH_FILE = temporary("none");
		await expect(dockerCredentials()("h", "x", {})).rejects.toMatchObject({ path: temporary("none") });
	});

	test.each(["{ secret", "[]", "5", "null", ""])("that say %j are refused, and not quoted", async (text) => {
		writeFileSync(temporary("config.json"), text);
		const error = await dockerCredentials(temporary("config.json"))("h", "x", {}).catch((reason) => reason);
		expect(error).toMatchObject({ rule: "credentials", path: temporary("config.json") });
		expect(error.message).not.toContain("secret");
	});
});

describe("helpers", () => {
	const answer = `echo '{"ServerURL":"x","Username":"u","Secret":"s"}'`;

	test("of a host go before auths, that for all comes last", async () => {
		helper("own", answer);
		helper("all", `echo '{"Username":"all","Secret":"s"}'`);
		const credentials = configured({
			auths: { a: entry("a"), b: entry("b") },
			credHelpers: { a: "own" },
			credsStore: "all",
		});
		expect(await credentials("a", "x", {})).toEqual({ username: "u", password: "s" });
		expect(await credentials("b", "x", {})).toEqual(found("b"));
		expect(await credentials("c", "x", {})).toEqual({ username: "all", password: "s" });
	});

	test("say an identity token by its user", async () => {
		helper("own", `echo '{"Username":"<token>","Secret":"t"}'`);
		expect(await configured({ credsStore: "own" })("docker.io", "x", {})).toEqual({ identityToken: "t" });
	});

	test("that know nothing have nothing", async () => {
		helper("own", 'echo "credentials not found in native keychain"; exit 1');
		expect(await configured({ credsStore: "own" })("h", "x", {})).toBeUndefined();
	});
});
