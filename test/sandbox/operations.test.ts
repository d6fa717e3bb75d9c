import { expect, test } from "@jest/globals";
import { ComposefsError } from "../../src/errors.ts";
import { describeError } from "../../src/sandbox/operations.ts";

test.each(["Array buffer allocation failed", "Failed to allocate memory"])(
	"bug: no memory for a Buffer, in the words of some Nodes, was a crash: %s",
	(message) => {
		expect(describeError(new RangeError(message))).toEqual({ code: "ENOMEM", message });
	},
);

test("errors of this package are told of with their fields, texts no longer than a frame has room for", () => {
	const error = new ComposefsError("ERR_COMPOSEFS_INODE", "m".repeat(100_000), {
		path: "p".repeat(100_000),
		line: 3,
	});
	const told = describeError(error) as ComposefsError;
	expect(told).toMatchObject({ code: "ERR_COMPOSEFS_INODE", line: 3 });
	expect([told.message.length, told.path?.length]).toEqual([4096, 4096]);
});

test("any other is a crash", () => {
	const crash = { code: "ERR_COMPOSEFS_SANDBOX", rule: "crash", message: "RangeError: no" };
	expect(describeError(new RangeError("no"))).toEqual(crash);
	expect(describeError(undefined)).toMatchObject({ rule: "crash", message: "undefined" });
});
