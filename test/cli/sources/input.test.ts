import { writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { headOf, openInput } from "../../../src/cli/sources/input.ts";
import { useTemporaryFolder } from "../../support/temporary.ts";

const at = useTemporaryFolder();

test("the first bytes of a file, of anything else none", async () => {
	writeFileSync(at("file"), "0123456789");
	expect(String(await headOf(at("file"), 4))).toBe("0123");
	expect(String(await headOf(at("file"), 40))).toBe("0123456789");
	for (const none of [at(), at("none"), at("file/below"), "/dev/null"])
		expect((await headOf(none, 4)).length).toBe(0);
});

test("a file's bytes; it is not opened before, and given up with the signal's reason", async () => {
	const controller = new AbortController();
	const input = openInput(at("file"), controller.signal);
	writeFileSync(at("file"), Buffer.alloc(1 << 20));
	expect((await input.next()).value?.length).toBe(1 << 18);
	const reason = new Error("enough");
	controller.abort(reason);
	const rest = async () => {
		for await (const _piece of input);
	};
	await expect(rest()).rejects.toBe(reason);
	await expect(openInput(at("none"), new AbortController().signal).next()).rejects.toMatchObject({
		code: "ENOENT",
	});
});

test("where a file cannot be read, the error names it", async () => {
	const reading = openInput(at(), new AbortController().signal).next();
	await expect(reading).rejects.toMatchObject({
		code: "EISDIR",
		path: at(),
		message: expect.stringContaining(at()),
	});
});
