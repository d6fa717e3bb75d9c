import { writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { dumpSource } from "../../../src/cli/sources/dump.ts";
import { useTemporaryFolder } from "../../support/temporary.ts";

const at = useTemporaryFolder();

test("a dump becomes a tree", async () => {
	writeFileSync(at("dump"), "/ 0 40755 2 0 0 0 0.0 - - -\n/a 0 10644 1 0 0 0 0.0 - - -\n");
	const tree = await dumpSource.read(
		[at("dump")],
		{},
		{ signal: new AbortController().signal, hold: (it) => it },
	);
	expect(tree.readdir("/")).toEqual(["a"]);
});
