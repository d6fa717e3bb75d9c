import { describe, expect, test } from "@jest/globals";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { composefs } from "../support/cli.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();

describe("composefs info", () => {
	test("in aligned lines", async () => {
		const tree = new Tree();
		tree.root.mtimeNs = 1_000_000_000n;
		tree.writeFile("/f", Buffer.from("x"), { mtime: 1 });
		const { digest, size } = await writeImage(tree, { to: at("image") });
		const { status, stdout } = composefs(["info", at("image")]);
		expect(status).toBe(0);
		// The root, the file, and a whiteout for each of 00 to ff.
		expect(stdout.split("\n")).toEqual([
			`image     ${at("image")}`,
			"version   0",
			"flags     none",
			"inodes    258",
			`blocks    ${size / 4096} of 4,096 bytes`,
			`size      ${size.toLocaleString("en")} bytes`,
			"earliest  1970-01-01T00:00:01.000Z",
			`digest    ${digest}`,
			"",
		]);
	});

	test("--json, of several images", async () => {
		const tree = new Tree();
		tree.root.xattrs = new Map([["system.posix_acl_access", Buffer.alloc(4)]]);
		await writeImage(tree, { to: at("a") });
		await writeImage(new Tree(), { to: at("b"), minVersion: 1 });
		const { stdout } = composefs(["info", "--json", at("a"), at("b")]);
		expect(JSON.parse(stdout)).toMatchObject([
			{ image: at("a"), version: 0, hasAcl: true },
			{ image: at("b"), version: 1, hasAcl: false, buildTimeNs: "0" },
		]);
	});
});
