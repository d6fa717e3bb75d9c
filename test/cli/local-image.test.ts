import { mkdirSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openPlace } from "../../src/cli/image-place.ts";
import { checkIsRemote } from "../../src/cli/local-image.ts";
import { composefs } from "../support/cli.ts";
import { writeLayout, writeOciArchive } from "../support/pulled-images.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const before = process.cwd();

beforeEach(() => {
	process.chdir(at());
	writeLayout("base");
	writeOciArchive("a.tar");
	mkdirSync("debian");
	writeFileSync("file", "");
});
afterEach(() => process.chdir(before));

test.each([
	["base:v1", "base is a folder here: oci:base:v1; or docker://base:v1 if"],
	["base", "base is a folder here: oci:base; or"],
	["./base:v1", /^\.\/base is a folder here: oci:\.\/base:v1$/],
	["a.tar", "a.tar is a file here: oci-archive:a.tar or docker-archive:a.tar; or"],
	["./none:v1", "./none:v1 is a path, not the name of an image in a registry: oci:FOLDER"],
	["../none", "../none is a path"],
	["/none", "/none is a path"],
	["file/", undefined],
	["debian:12", undefined],
	["file", undefined],
	["registry.example/a.tar", undefined],
	[".hidden", undefined],
])("%s is not asked of a registry if it is here, or a path", (text, message) => {
	const check = () => checkIsRemote(text);
	if (message === undefined) expect(check).not.toThrow();
	else expect(check).toThrow(message);
});

test("with docker:// it is a registry's, whatever is here", async () => {
	const place = await openPlace("docker://base:v1", {}, undefined);
	expect(place.destination?.name).toBe("docker.io/library/base");
});

test.each(["inspect", "seal", "pull"])("%s of a folder's bare name is a usage error", (command) => {
	const options = command === "pull" ? ["--store", at("store"), "--image", at("image")] : [];
	expect(composefs([command, ...options, at("base:v1")])).toMatchObject({
		status: 2,
		stdout: "",
		stderr: expect.stringContaining(`oci:${at("base:v1")}`),
	});
});
