import {
	mkdirSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { Replacement, syncPlace } from "../src/replacement.ts";
import { useTemporaryFolder } from "./support/temporary.ts";

const at = useTemporaryFolder();

async function replace(name: string, text: string): Promise<void> {
	const replacement = await Replacement.open(Buffer.from(at(name)));
	await replacement.handle.writeFile(text);
	await replacement.publish();
}

describe("Replacement", () => {
	test("has its name once it is complete", async () => {
		writeFileSync(at("a"), "old");
		const replacement = await Replacement.open(Buffer.from(at("a")));
		await replacement.handle.writeFile("new");
		expect(readFileSync(at("a"), "utf8")).toBe("old");
		await replacement.publish();
		expect(readFileSync(at("a"), "utf8")).toBe("new");
		expect(readdirSync(at())).toEqual(["a"]);
	});

	test("leaves nothing when it is discarded", async () => {
		writeFileSync(at("a"), "old");
		const replacement = await Replacement.open(Buffer.from(at("a")));
		await replacement.handle.writeFile("new");
		await replacement.discard();
		expect(readFileSync(at("a"), "utf8")).toBe("old");
		expect(readdirSync(at())).toEqual(["a"]);
	});

	test("is of what a symlink leads to", async () => {
		writeFileSync(at("a"), "old");
		symlinkSync("a", at("link"));
		await replace("link", "new");
		expect(readlinkSync(at("link"))).toBe("a");
		expect(readFileSync(at("a"), "utf8")).toBe("new");
	});

	test("bug: a symlink to nothing yet was itself replaced", async () => {
		mkdirSync(at("folder"));
		symlinkSync("folder/a", at("link"));
		await replace("link", "new");
		expect(readlinkSync(at("link"))).toBe("folder/a");
		expect(readFileSync(at("folder", "a"), "utf8")).toBe("new");
	});

	test("cannot be of symlinks that lead to one another", async () => {
		symlinkSync("b", at("a"));
		symlinkSync("a", at("b"));
		await expect(replace("a", "new")).rejects.toMatchObject({ code: "ELOOP" });
		expect(readdirSync(at()).sort()).toEqual(["a", "b"]);
	});

	test("has the mode of any new file", async () => {
		writeFileSync(at("other"), "");
		await replace("a", "new");
		expect(statSync(at("a")).mode).toBe(statSync(at("other")).mode);
	});
});

describe("syncPlace", () => {
	test("syncs a folder, and passes over one whose file system cannot", async () => {
		await expect(syncPlace(at())).resolves.toBeUndefined();
		await expect(syncPlace("/proc/self")).resolves.toBeUndefined();
	});

	test("says that there is none", async () => {
		await expect(syncPlace(at("absent"))).rejects.toMatchObject({ code: "ENOENT" });
	});
});
