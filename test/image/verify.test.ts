import { describe, expect, test } from "@jest/globals";
import { verifyImage } from "../../src/image/verify.ts";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();

describe("verifyImage", () => {
	test("accepts the image's digest, in any spelling", async () => {
		const { image, digest } = await writeImage(new Tree());
		for (const spelling of [digest, digest.toUpperCase(), `sha256:${digest}`])
			expect(await verifyImage(image, spelling)).toBeUndefined();
	});

	test("tells what it found instead", async () => {
		const { image, digest } = await writeImage(new Tree());
		const changed = Uint8Array.from(image);
		changed[4000] = 1;
		const error = await verifyImage(changed, digest).catch((reason) => reason);
		expect(error).toMatchObject({ name: "ComposefsError", code: "ERR_COMPOSEFS_DIGEST", expected: digest });
		expect(error.actual).toMatch(/^[0-9a-f]{64}$/);
		expect(error.message).toBe(`the digest of the image is ${error.actual}, not ${digest}`);
	});

	test("names the file", async () => {
		const { digest } = await writeImage(new Tree(), { to: at("image.cfs") });
		const other = "0".repeat(64);
		await expect(verifyImage(at("image.cfs"), other)).rejects.toMatchObject({
			path: at("image.cfs"),
			message: `${at("image.cfs")}: the digest of the image is ${digest}, not ${other}`,
		});
	});

	test.each(["", "sha512:00", "00", "x".repeat(64)])("refuses %j as a digest", async (digest) => {
		const call = verifyImage(new Uint8Array(0), digest);
		await expect(call).rejects.toMatchObject({ code: "ERR_COMPOSEFS_ARGUMENT" });
	});
});
