import { expect, jest, test } from "@jest/globals";
import { filesOfObjects } from "../../src/cli/files-of-objects.ts";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const { signal } = new AbortController();

test("every name of a file, in each image, however the object is named there", async () => {
	const one = new Tree();
	one.writeFile("/b", { size: 1, path: "aa/1" });
	one.link("/b", "/a");
	one.writeFile("/other", { size: 1, path: "aa/2" });
	one.writeFile("/inline", Buffer.from("x"));
	await writeImage(one, { to: at("one") });
	const two = new Tree();
	two.writeFile("/c", { size: 1, path: "./aa//1" });
	await writeImage(two, { to: at("two") });
	expect([...(await filesOfObjects(["aa/1", "aa/3"], [at("one"), at("two")], signal))]).toEqual([
		[
			"aa/1",
			[
				{ image: at("one"), path: "/a" },
				{ image: at("one"), path: "/b" },
				{ image: at("two"), path: "/c" },
			],
		],
		["aa/3", []],
	]);
});

test("an image that is gone has none", async () => {
	const told = jest.spyOn(console, "error").mockImplementation(() => {});
	expect([...(await filesOfObjects(["aa/1"], [at("gone")], signal))]).toEqual([["aa/1", []]]);
	expect(told).toHaveBeenCalledWith(expect.stringContaining("ENOENT"));
	told.mockRestore();
	process.exitCode = 0;
});
