import { readdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "@jest/globals";
import { LIB, runNode } from "./support/child.ts";
import { projectRoot } from "./support/needs.ts";
import { useTemporaryFolder } from "./support/temporary.ts";

// A process or worker thread may end at any time: it must end well, and leave no half image behind.

const STAGES = ["queued", "encoding", "building", "writing", "aborted", "rejected", "finished", "abandoned"];
const ENDS = ["exit", "terminate", "natural"];

const temporary = useTemporaryFolder();
const program = path.join(projectRoot, "test/fixtures/teardown.mjs");

describe.each(STAGES)("%s", (stage) => {
	test.each(ENDS)("%s", (end) => {
		const result = runNode([program, LIB, stage, end, temporary()], { env: { UV_THREADPOOL_SIZE: "1" } });
		expect(result).toEqual({ ended: 0, stdout: `${stage}\n`, stderr: "" });
		const left = readdirSync(temporary());
		expect(left.filter((name) => name !== "image")).toEqual([]);
		if (stage === "finished") expect(left).toEqual(["image"]);
		if (stage === "rejected") expect(left).toEqual([]);
	});
});
