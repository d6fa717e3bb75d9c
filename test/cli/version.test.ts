import { describe, expect, test } from "@jest/globals";
import { describeVersions, libraryVersions, linkInWords } from "../../src/cli/version.ts";

describe("--version", () => {
	test("has the libraries that are linked", () => {
		expect(libraryVersions()).toEqual({
			libcomposefs: expect.stringMatching(/^\d+\.\d+/),
			link: expect.stringMatching(/^(tuned|static|shared)$/),
			libzstd: expect.stringMatching(/^\d+\.\d+\.\d+$/),
		});
		expect(describeVersions("1.2.3").split("\n")).toEqual([
			"1.2.3",
			expect.stringMatching(/^libcomposefs \S+ \(.+\)$/),
			expect.stringMatching(/^libzstd \S+$/),
			`node ${process.version} ${process.platform}-${process.arch}`,
		]);
	});

	test("says how libcomposefs is linked", () => {
		const versions = { libcomposefs: "1.0.8", libzstd: "1.5.4" };
		expect(linkInWords({ ...versions, link: "tuned" })).toBe("static, with its own allocator");
		expect(linkInWords({ ...versions, link: "shared" })).toBe("shared");
	});
});
