import { describe, expect, test } from "@jest/globals";
import { readDocument } from "../../../src/oci/registry/document.ts";
import type { Answer } from "../../../src/oci/registry/transport.ts";

/** An answer with these headers and ten bytes; and how many of them were taken. */
function answerOf(headers: Record<string, string>): { answer: Answer; given: () => number } {
	let given = 0;
	const body = async function* () {
		for (; given < 10; given++) yield Buffer.from("x");
	};
	const answer = {
		status: 200,
		headers: new Headers(headers),
		url: new URL("https://registry.example/v2/"),
		body,
		discard: async () => undefined,
		cancel: () => undefined,
	};
	return { answer, given: () => given };
}

const read = (headers: Record<string, string>, limit = 10) => readDocument(answerOf(headers).answer, limit);

describe("a short answer", () => {
	test("is read as a whole, of as many bytes as it may have", async () => {
		for (const headers of [{}, { "content-length": "10" }])
			expect((await read(headers)).toString()).toBe("x".repeat(10));
	});

	test("of more bytes is given up, and not read where it says so", async () => {
		for (const [headers, most] of [
			[{}, 9],
			[{ "content-length": "10" }, 0],
		] as const) {
			const { answer, given } = answerOf(headers);
			await expect(readDocument(answer, 9)).rejects.toMatchObject({ rule: "document-size", limit: 9 });
			expect(given()).toBe(most);
		}
	});

	test.each(["9", "11"])("of ten bytes that says it has %s is an error", async (length) => {
		await expect(read({ "content-length": length }, 20)).rejects.toMatchObject({ rule: "truncated" });
	});

	test("that comes encoded has the length of something else", async () => {
		expect(await read({ "content-length": "5", "content-encoding": "gzip" })).toHaveLength(10);
	});
});
