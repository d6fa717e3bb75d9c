import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { describe, expect, test } from "@jest/globals";
import { LayerTarget } from "../../src/toc/write-target.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const temporary = useTemporaryFolder();
const digest = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;

async function put(to: Parameters<typeof LayerTarget.open>[0], ...texts: string[]) {
	const target = await LayerTarget.open(to);
	for (const text of texts) await target.write(Buffer.from(text));
	return { size: target.size, digest: await target.finish() };
}

describe("a path", () => {
	test("has the whole, once it is there", async () => {
		writeFileSync(temporary("a"), "old");
		const target = await LayerTarget.open(temporary("a"));
		await target.write(Buffer.from("ne"));
		expect(readFileSync(temporary("a"), "utf8")).toBe("old");
		await target.write(Buffer.from("w"));
		expect(await target.finish()).toBe(digest("new"));
		expect(readFileSync(temporary("a"), "utf8")).toBe("new");
		expect(readdirSync(temporary())).toEqual(["a"]);
	});

	test("stays as it was, and alone, where there is a failure", async () => {
		writeFileSync(temporary("a"), "old");
		const target = await LayerTarget.open(temporary("a"));
		await target.write(Buffer.from("new"));
		await target.discard();
		expect(readFileSync(temporary("a"), "utf8")).toBe("old");
		expect(readdirSync(temporary())).toEqual(["a"]);
	});

	test("may be a symlink: what it leads to is replaced", async () => {
		writeFileSync(temporary("a"), "old");
		symlinkSync("a", temporary("link"));
		await put(temporary("link"), "new");
		expect(readlinkSync(temporary("link"))).toBe("a");
		expect(readFileSync(temporary("a"), "utf8")).toBe("new");
	});

	test("may be a device, which stays", async () => {
		expect(await put("/dev/null", "text")).toEqual({ size: 4, digest: digest("text") });
	});

	test("is no folder", async () => {
		mkdirSync(temporary("folder"));
		await expect(put(temporary("folder"))).rejects.toMatchObject({ code: "EISDIR" });
	});
});

test("an open file is written from where it stands, and left open", async () => {
	const handle = await open(temporary("a"), "w");
	await handle.write("before ");
	expect(await put(handle, "lay", "er")).toEqual({ size: 5, digest: digest("layer") });
	await handle.write(" behind");
	await handle.close();
	expect(readFileSync(temporary("a"), "utf8")).toBe("before layer behind");
});
