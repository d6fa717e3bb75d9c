import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { composefs } from "../support/cli.ts";
import { referenceDigest } from "../support/reference-verity.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();

function putObject(name: Buffer, content: Buffer): string {
	const digest = referenceDigest(name);
	const path = `${digest.slice(0, 2)}/${digest.slice(2)}`;
	mkdirSync(at("store", digest.slice(0, 2)), { recursive: true });
	writeFileSync(at("store", path), content);
	return path;
}

describe("composefs fsck", () => {
	test("ends with 0 where all is well", () => {
		putObject(Buffer.from("text"), Buffer.from("text"));
		expect(composefs(["fsck", "--store", at("store")])).toEqual({
			status: 0,
			stdout: "1 object of 4 bytes: OK\n",
			stderr: "",
		});
	});

	test("ends with 3 where an object is bad, and names the images that it breaks", async () => {
		const path = putObject(Buffer.from("text"), Buffer.from("tExt"));
		const tree = new Tree();
		tree.writeFile("/file", { size: 4, path });
		await writeImage(tree, { to: at("image") });
		const { status, stdout } = composefs(["fsck", "--store", at("store"), at("image")]);
		expect(status).toBe(3);
		expect(stdout).toContain(`${path}: content: `);
		expect(stdout).toContain(`it breaks ${at("image")}\n`);
		const json = composefs(["fsck", "--json", "--store", at("store"), at("image")]);
		expect(json.status).toBe(3);
		expect(JSON.parse(json.stdout).bad).toMatchObject([{ path, problem: "content", images: [at("image")] }]);
	});
});
