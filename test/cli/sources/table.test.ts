import { symlinkSync, writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { findSource, SOURCES } from "../../../src/cli/sources/table.ts";
import { useTemporaryFolder } from "../../support/temporary.ts";

const at = useTemporaryFolder();

test("a source is what it looks like, unless its kind is named", async () => {
	writeFileSync(at("file"), "");
	symlinkSync(".", at("link"));
	const found = async (source: string, name?: string) => (await findSource(source, name)).name;
	expect(await found(at())).toBe("directory");
	expect(await found(at("file"))).toBe("dump");
	expect(await found(at("link"))).toBe("dump");
	expect(await found(at("none"))).toBe("dump");
	expect(await found("-")).toBe("dump");
	expect(await found(at("file"), "directory")).toBe("directory");
	expect(await found(at(), "dump")).toBe("dump");
});

test("only the last kind takes what no other is", () => {
	expect(SOURCES.map(({ detects }) => detects !== undefined)).toEqual([
		...SOURCES.slice(1).map(() => true),
		false,
	]);
});
