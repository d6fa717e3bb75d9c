import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "@jest/globals";
import { LIMITS, READ_LIMITS } from "../src/limits.ts";
import { LAYER_LIMITS } from "../src/oci/layer.ts";
import { PULL_LIMITS } from "../src/oci/pull.ts";
import { SANDBOX_LIMITS } from "../src/sandbox/options.ts";
import { TAR_LIMITS } from "../src/tar/entry.ts";
import { TOC_LIMITS } from "../src/toc/limits.ts";
import { projectRoot } from "./support/needs.ts";

const LIMITS_BY_NAME = {
	LIMITS,
	READ_LIMITS,
	TAR_LIMITS,
	LAYER_LIMITS,
	PULL_LIMITS,
	TOC_LIMITS,
	SANDBOX_LIMITS,
};

test("SECURITY.md has every limit, with the default that it has", () => {
	const text = readFileSync(path.join(projectRoot, "SECURITY.md"), "utf8");
	const listed = Array.from(
		text.matchAll(/^\| `([A-Z]+(?:_[A-Z]+)?\.\w+)` \| ([\d,]+) \|/gm),
		([, name, value]) => [name, value],
	);
	const limits = Object.entries(LIMITS_BY_NAME).flatMap(([name, values]) =>
		Object.entries(values).map(([key, value]) => [`${name}.${key}`, value.toLocaleString("en-US")]),
	);
	expect(listed).toEqual(limits);
});
