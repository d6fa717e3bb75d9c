import { expect, test } from "@jest/globals";
import { ComposefsError } from "../../src/errors.ts";
import { ociError } from "../../src/oci/fault.ts";

test("an error has its rule, and what else is known", () => {
	const error = ociError("some-rule", "text", { path: "a", limit: 3 });
	expect(error).toBeInstanceOf(ComposefsError);
	expect(error).toMatchObject({
		code: "ERR_COMPOSEFS_OCI",
		rule: "some-rule",
		message: "text",
		path: "a",
		limit: 3,
	});
});
