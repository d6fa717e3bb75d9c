import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { describe, expect, jest, test } from "@jest/globals";
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

	test("is on the disk before it has its name, and then its name is", async () => {
		const handle = await open(temporary("other"), "w");
		const spy = jest.spyOn(Object.getPrototypeOf(handle), "sync");
		await handle.close();
		const synced: boolean[] = [];
		spy.mockImplementation(async () => synced.push(readdirSync(temporary()).includes("a")));
		await put(temporary("a"), "new");
		spy.mockRestore();
		expect(synced).toEqual([false, true]);
	});

	test("stays as it was, and alone, where there is a failure", async () => {
		writeFileSync(temporary("a"), "old");
		const target = await LayerTarget.open(temporary("a"));
		await target.write(Buffer.from("new"));
		await target.discard();
		expect(readFileSync(temporary("a"), "utf8")).toBe("old");
		expect(readdirSync(temporary())).toEqual(["a"]);
	});

	test("may be a device, which stays", async () => {
		expect(await put("/dev/null", "text")).toEqual({ size: 4, digest: digest("text") });
	});

	test("is no folder", async () => {
		mkdirSync(temporary("folder"));
		await expect(put(temporary("folder"))).rejects.toMatchObject({ name: "ComposefsError", code: "EISDIR" });
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

describe("a pipe that does not block", () => {
	const program = `
		import { LayerTarget } from ${JSON.stringify(new URL("../../lib/toc/write-target.js", import.meta.url))};
		process.stdout; // which Node makes non-blocking
		const target = await LayerTarget.open({ fd: 1 }, AbortSignal.timeout(Number(process.argv[1])));
		await target.write(Buffer.alloc(1 << 20, "a"));
		await target.finish();`;
	const writeInto = (reader: string, timeout: number) =>
		spawnSync(
			"sh",
			["-c", `"$0" --input-type=module -e "$1" "$2" | ${reader}`, process.execPath, program, `${timeout}`],
			{
				encoding: "utf8",
				timeout: 20_000,
			},
		);

	test("bug: a reader that is slow was an error", () => {
		const { stdout, stderr } = writeInto("(sleep 0.3; wc -c)", 10_000);
		expect([stdout.trim(), stderr]).toEqual([`${1 << 20}`, ""]);
	});

	test("is given up when the signal aborts", () => {
		expect(writeInto("sleep 2", 200).stderr).toContain("TimeoutError");
	});
});
