import { existsSync, writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { composefs } from "../../support/cli.ts";
import { plainTar } from "../../support/plain-tar.ts";
import { writeDockerArchive, writeOciArchive } from "../../support/pulled-images.ts";
import { useTemporaryFolder } from "../../support/temporary.ts";

const at = useTemporaryFolder();

const WRITERS = {
	"oci-archive": writeOciArchive,
	"docker-archive": (place: string) => writeDockerArchive(place, "example/it:v1"),
};

test.each(["oci-archive", "docker-archive"] as const)("an image as %s is not taken for a layer", (form) => {
	WRITERS[form](at("a.tar"));
	expect(composefs(["build", at("a.tar"), at("image")])).toMatchObject({
		status: 2,
		stderr: `composefs: ${at("a.tar")} has an image in it: ${form}:${at("a.tar")}; if it is a layer after all: --from tar\n`,
	});
	expect(existsSync(at("image"))).toBe(false);
	expect(composefs(["build", "--from", "tar", at("a.tar"), at("image")]).status).toBe(0);
	const named = ["--platform", "linux/amd64", `${form}:${at("a.tar")}`];
	expect(composefs(["build", ...named, at("image")])).toMatchObject({ status: 0, stderr: "" });
});

test.each([
	["docker's first form", true, ["repositories", "manifest.json"]],
	["docker's own and OCI's", true, ["blobs/", "index.json", "manifest.json", "oci-layout"]],
	["a manifest of something else", false, ["manifest.json", "etc/"]],
	["a part of a layout", false, ["index.json", "blobs/"]],
])("%s: an image is %s", (_title, isImage, names) => {
	writeFileSync(at("a.tar"), plainTar(...names));
	expect(composefs(["build", at("a.tar"), at("image")]).status).toBe(isImage ? 2 : 0);
});
