/** A folder of its own for each test of a suite. */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach } from "@jest/globals";

/** Returns a function that names files in the folder of the test at hand; without a name, the folder. */
export function useTemporaryFolder(parent: string = tmpdir()): (...names: string[]) => string {
	let folder = "";
	beforeEach(() => {
		folder = mkdtempSync(path.join(realpathSync(parent), "composefs-test-"));
	});
	afterEach(() => rmSync(folder, { recursive: true, force: true }));
	return (...names) => path.join(folder, ...names);
}
