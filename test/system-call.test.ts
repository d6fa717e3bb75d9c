import { open } from "node:fs/promises";
import { expect, test } from "@jest/globals";
import { ComposefsError } from "../src/errors.ts";
import { fromSystem, systemCall } from "../src/system-call.ts";

test("an error of node:fs becomes one of this package, with its cause", async () => {
	const error = await systemCall(open("/nowhere/at/all"), "/nowhere/at/all").catch(
		(thrown: unknown) => thrown,
	);
	expect(error).toBeInstanceOf(ComposefsError);
	expect(error).toMatchObject({ code: "ENOENT", syscall: "open", path: "/nowhere/at/all", errno: -2 });
	expect((error as ComposefsError).cause).toMatchObject({ code: "ENOENT" });
});

test("bug: errors of open files did not name them", async () => {
	const file = await open("/");
	const read = systemCall(file.read(Buffer.alloc(1)), "/");
	await expect(read).rejects.toMatchObject({
		code: "EISDIR",
		path: "/",
		message: expect.stringMatching(/, read '\/'$/),
	});
	await file.close();
});

test("a result comes through, and so do other errors", async () => {
	expect(await systemCall(Promise.resolve(7))).toBe(7);
	const own = new ComposefsError("ERR_COMPOSEFS_BLOB", "text");
	for (const error of [own, new Error("text"), "text"]) expect(fromSystem(error, "a")).toBe(error);
});
