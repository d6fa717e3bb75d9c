import { mkdirSync, writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { splitTaggedPath } from "../../src/cli/tagged-path.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();

test("a path is the longest that is there", () => {
	mkdirSync(at("a"));
	writeFileSync(at("a:b"), "");
	expect(splitTaggedPath(at("a"))).toEqual({ path: at("a"), tag: undefined });
	expect(splitTaggedPath(at("a:c"))).toEqual({ path: at("a"), tag: "c" });
	expect(splitTaggedPath(at("a:b"))).toEqual({ path: at("a:b"), tag: undefined });
	expect(splitTaggedPath(at("a:b:c:d"))).toEqual({ path: at("a:b"), tag: "c:d" });
	expect(splitTaggedPath(at("none:c"))).toEqual({ path: at("none"), tag: "c" });
});
