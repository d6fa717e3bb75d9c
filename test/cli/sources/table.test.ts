import { execFileSync } from "node:child_process";
import { symlinkSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, test } from "@jest/globals";
import { findSource, SOURCES } from "../../../src/cli/sources/table.ts";
import { Tree } from "../../../src/tree.ts";
import { writeImage } from "../../../src/write.ts";
import { plainTar } from "../../support/plain-tar.ts";
import { writeLayout } from "../../support/pulled-images.ts";
import { useTemporaryFolder } from "../../support/temporary.ts";

const at = useTemporaryFolder();

test("a source is what it looks like, unless its kind is named", async () => {
	writeFileSync(at("file"), "");
	symlinkSync(".", at("link"));
	const found = async (source: string, name?: string) => (await findSource(source, name)).name;
	expect(await found(at())).toBe("directory");
	expect(await found(at("file"))).toBe("dump");
	expect(await found(at("link/"))).toBe("directory");
	expect(await found("-")).toBe("dump");
	expect(await found(at("file"), "directory")).toBe("directory");
	expect(await found(at(), "dump")).toBe("dump");
});

test("what is not there, or behind a symlink, is not taken for a dump", async () => {
	await expect(findSource(at("none"), undefined)).rejects.toMatchObject({ code: "ENOENT", path: at("none") });
	symlinkSync(".", at("link"));
	await expect(findSource(at("link"), undefined)).rejects.toThrow(/link is a symlink to a directory/);
});

test("an image is not taken for a dump", async () => {
	await writeImage(new Tree(), { to: at("image") });
	await expect(findSource(at("image"), undefined)).rejects.toThrow(`${at("image")} is an image already`);
	expect((await findSource(at("image"), "dump")).name).toBe("dump");
});

test("a source is known by its first bytes", async () => {
	const kindOf = async (bytes: Uint8Array | string) => {
		writeFileSync(at("file"), bytes);
		return (await findSource(at("file"), undefined)).name;
	};
	const tar = plainTar("a");
	expect(await kindOf(tar)).toBe("tar");
	expect(await kindOf(gzipSync(tar))).toBe("tar");
	expect(await kindOf(Buffer.from("28b52ffd00", "hex"))).toBe("tar");
	expect(await kindOf(Buffer.from("5a2a4d1800", "hex"))).toBe("tar");
	expect(await kindOf(' \n{"version":1}')).toBe("toc");
	expect(await kindOf("/ 0 40755 2 0 0 0 0.0 - - -\n")).toBe("dump");
	execFileSync("mkfifo", [at("pipe")]);
	expect((await findSource(at("pipe"), undefined)).name).toBe("dump");
});

test("an image layout is one, with or without a tag, and so is what says so", async () => {
	writeLayout(at("layout"));
	for (const source of [at("layout"), at("layout:v1"), "oci:x", "oci-archive:x", "docker-archive:x:y"])
		expect((await findSource(source, undefined)).name).toBe("oci");
	expect((await findSource(at("layout"), "directory")).name).toBe("directory");
});

test("only the last kind takes what no other is", () => {
	expect(SOURCES.map(({ detects }) => detects !== undefined)).toEqual([
		...SOURCES.slice(1).map(() => true),
		false,
	]);
});
