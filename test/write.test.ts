import { describe, expect, test } from "@jest/globals";
import { Tree } from "../src/tree.ts";
import { writeImage } from "../src/write.ts";

describe("writeImage", () => {
	test("an empty tree", async () => {
		const { image, size, version, warnings } = await writeImage(new Tree());
		expect(image?.length).toBe(size);
		expect(version).toBe(0);
		expect(warnings).toEqual([]);
	});
});
