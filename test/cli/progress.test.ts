import { describe, expect, test } from "@jest/globals";
import { formatProgress, Progress } from "../../src/cli/progress.ts";
import { ComposefsError } from "../../src/errors.ts";

const progress = { entries: 1234, files: 50, bytes: 3 << 20, totalFiles: 1000, totalBytes: 6 << 20 };

function terminal(isTTY: boolean) {
	const written: string[] = [];
	const write = (text: string) => written.push(text) > 0;
	return { written, stream: { isTTY, write } as never };
}

describe("progress", () => {
	test("tells files, bytes and rate", () => {
		expect(formatProgress(progress, 2)).toBe("50 %  50 of 1,000 files  3.0 MiB  1.5 MiB/s");
		expect(formatProgress({ ...progress, totalFiles: 0 }, 2)).toBe("1,234 names");
		expect(formatProgress({ ...progress, bytes: 10, totalBytes: 0 }, 0)).toContain("100 %");
	});

	test("is one line on a terminal, drawn now and then, and taken away", () => {
		const { written, stream } = terminal(true);
		const line = new Progress(stream);
		line.show(progress);
		line.show(progress);
		expect(written.length).toBe(1);
		line.end();
		expect(written.slice(1).join("")).toBe("\u001b[1G\u001b[2K");
		line.end();
		expect(written.length).toBe(2);
	});

	test("is nothing elsewhere, but warnings are told", () => {
		const { written, stream } = terminal(false);
		const line = new Progress(stream);
		line.show(progress);
		line.warn({ path: "/a", error: new ComposefsError("ERR_COMPOSEFS_CHANGED", "it went") });
		line.end();
		expect(written).toEqual(["composefs: warning: /a is left out: it went\n"]);
	});

	test("is cut where the terminal ends, and lines that stay are for terminals too", () => {
		const { written, stream } = terminal(true);
		const line = new Progress(Object.assign(stream, { columns: 11 }));
		line.draw(() => "0123456789 and more");
		line.say("done\n");
		expect([written[0], written.at(-1)]).toEqual(["0123456789", "done\n"]);
		const elsewhere = terminal(false);
		new Progress(elsewhere.stream).say("done\n");
		expect(elsewhere.written).toEqual([]);
	});
});
