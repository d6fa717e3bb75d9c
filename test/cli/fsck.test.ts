import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { composefs, program } from "../support/cli.ts";
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

	test("ends with 3 where an object is bad, and names the images and files that it breaks", async () => {
		const path = putObject(Buffer.from("text"), Buffer.from("tExt"));
		const tree = new Tree();
		tree.writeFile("/a b", { size: 4, path });
		tree.link("/a b", "/c");
		await writeImage(tree, { to: at("image") });
		const { status, stdout } = composefs(["fsck", "--store", at("store"), at("image")]);
		expect(status).toBe(3);
		expect(stdout).toContain(`${path}: content: `);
		const files = `  ${at("image")}: /a b\n  ${at("image")}: /c\n`;
		expect(stdout).toContain(`it breaks ${at("image")}\n${files}1 object of `);
		const json = composefs(["fsck", "--json", "--store", at("store"), at("image")]);
		expect(json.status).toBe(3);
		expect(JSON.parse(json.stdout).bad).toMatchObject([
			{
				...{ path, problem: "content", images: [at("image")] },
				files: ["/a b", "/c"].map((path) => ({ image: at("image"), path })),
			},
		]);
	});

	test("bug: a reader that stops reading turned a failure into a success", () => {
		putObject(Buffer.from("text"), Buffer.from("tExt"));
		const script = '{ sleep 0.2; "$@"; echo $? >&2; } | true';
		const fsck = [process.execPath, program, "fsck", "--store", at("store")];
		const { stderr } = spawnSync("bash", ["-c", script, "bash", ...fsck]);
		expect(String(stderr)).toBe("3\n");
	});
});
