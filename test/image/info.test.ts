import { writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { imageInfo } from "../../src/image/info.ts";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

describe("imageInfo", () => {
	const at = useTemporaryFolder();

	test("says what the image says, and its digest", async () => {
		const tree = new Tree();
		tree.writeFile("/file", Buffer.from("x"), { xattrs: [["system.posix_acl_access", Buffer.alloc(4)]] });
		const { image, digest, size } = await writeImage(tree, { minVersion: 1 });
		writeFileSync(at("image"), image);
		const expected = {
			version: 1,
			hasAcl: true,
			inodeCount: 258,
			blockCount: size / 4096,
			size,
			buildTimeNs: 0n,
		};
		expect(await imageInfo(image)).toEqual({ ...expected, digest });
		expect(await imageInfo(at("image"))).toEqual({ ...expected, digest });
	});

	test("refuses what is no image", async () => {
		await expect(imageInfo(Buffer.alloc(4096))).rejects.toMatchObject({ rule: "magic" });
	});
});
