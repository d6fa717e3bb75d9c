import { mkdirSync, readlinkSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { checkImageMount, Folders, openFolder, temporaryFolder } from "../../src/mount/folders.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const bytes = (path: string) => Buffer.from(path);

describe("folders of a mount", () => {
	test("with plain names keep them", async () => {
		const folders = new Folders();
		mkdirSync(at("a b=é"));
		expect(await folders.name("upperdir", bytes(at("a b=é")))).toEqual(bytes(at("a b=é")));
		await folders.close();
	});

	test.each(["a:b", "a,b", "a\\b"])(
		"with names that overlayfs would take apart are named by descriptors: %s",
		async (name) => {
			const folders = new Folders();
			mkdirSync(at(name));
			const given = Buffer.from(await folders.name("objects folder", bytes(at(name)))).toString();
			expect(given).toMatch(/^\/proc\/self\/fd\/\d+$/);
			expect(readlinkSync(given)).toBe(at(name));
			await folders.close();
			expect(() => readlinkSync(given)).toThrow("ENOENT");
			expect(() => checkImageMount(bytes(at(name)))).toThrow(
				expect.objectContaining({ code: "ERR_COMPOSEFS_MOUNT", rule: "image-mount-folder" }),
			);
		},
	);

	test("are there, and folders", async () => {
		writeFileSync(at("file"), "");
		await expect(openFolder("workdir", bytes(at("none")))).rejects.toMatchObject({
			code: "ENOENT",
			rule: "workdir",
			path: at("none"),
			syscall: "open",
			message: `ENOENT: the workdir '${at("none")}' is not there: make it first`,
		});
		await expect(openFolder("image mount folder", bytes(at("file")))).rejects.toMatchObject({
			code: "ENOTDIR",
			rule: "image-mount-folder",
		});
		await expect(openFolder("target", bytes(at("n".repeat(300))))).rejects.toMatchObject({
			code: "ENAMETOOLONG",
			message: expect.stringContaining("name too long"),
		});
	});

	test("for a moment are made where names are plain", () => {
		expect(temporaryFolder("/a:b")).toBe("/tmp");
		expect(temporaryFolder("/a b")).toBe("/a b");
	});
});
