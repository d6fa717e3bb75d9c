import { expect, test } from "@jest/globals";
import { parseTocJson } from "../../src/toc/parse.ts";
import { expectGivenUp } from "../support/stuck.ts";

test("bug: a text that is waited for was not given up when the signal aborted", async () => {
	await expectGivenUp([Buffer.from("{")], (source, signal) => parseTocJson([source], { signal }));
});

test("bug: pieces without bytes held up the event loop for ever", async () => {
	const controller = new AbortController();
	const empty = async function* () {
		for (;;) yield new Uint8Array(0);
	};
	setImmediate(() => controller.abort(new Error("enough")));
	await expect(parseTocJson([empty()], { signal: controller.signal })).rejects.toThrow("enough");
});
