import { spawnSync } from "node:child_process";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { composefs } from "../support/cli.ts";
import { describeIf, findProgram } from "../support/needs.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();

beforeEach(async () => {
	const tree = new Tree();
	tree.mkdir("/etc");
	tree.writeFile("/etc/with space", Buffer.from("x"));
	tree.symlink("to\\there", "/etc/link");
	tree.mkdir("/usr");
	tree.writeFile("/usr/tool", { size: 100, path: "ab/cd" });
	tree.link("/usr/tool", "/usr/zz");
	await writeImage(tree, { to: at("image") });
});

const LISTING = "/etc/\t\n/etc/link\t-> to\\\\there\n/etc/with space\n/usr/\t\n/usr/tool\t@ ab/cd\n/usr/zz\n";

describe("composefs ls", () => {
	test("names, targets, objects", () => {
		expect(composefs(["ls", at("image")])).toEqual({ status: 0, stdout: LISTING, stderr: "" });
	});

	test("several images", () => {
		expect(composefs(["ls", at("image"), at("image")]).stdout).toBe(LISTING.repeat(2));
	});

	test("--filter names one entry, and takes no image behind it for another", () => {
		expect(composefs(["ls", "--filter", "usr", at("image")]).stdout).toBe(
			"/usr/\t\n/usr/tool\t@ ab/cd\n/usr/zz\n",
		);
		const both = composefs(["ls", "--filter", "usr", "--filter", "etc", at("image")]);
		expect(both).toEqual({ status: 0, stdout: LISTING, stderr: "" });
	});

	test.each(["/usr", "usr/", "us"])("bug: --filter %s, which names nothing, was silent", (name) => {
		expect(composefs(["ls", "--filter", name, at("image")])).toEqual({
			status: 0,
			stdout: "",
			stderr: `composefs: warning: ${at("image")}: the root has no ${name}, which --filter names\n`,
		});
	});

	test("--filter may stand behind the images", () => {
		expect(composefs(["ls", at("image"), "--filter", "usr"]).stdout).toBe(
			"/usr/\t\n/usr/tool\t@ ab/cd\n/usr/zz\n",
		);
	});

	test("--json", () => {
		const [listing] = JSON.parse(composefs(["ls", "--json", at("image")]).stdout);
		expect(listing.image).toBe(at("image"));
		expect(listing.entries).toContainEqual({ path: "/etc/link", type: "symlink", target: "to\\there" });
		expect(listing.entries).toContainEqual({ path: "/usr/zz", type: "file", object: "ab/cd" });
	});

	test("what is no image", () => {
		const { status, stdout, stderr } = composefs(["ls", process.execPath]);
		expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
		expect(stderr).toMatch(/^composefs: .*\n$/);
	});
});

describeIf("composefs ls as composefs-info", findProgram("composefs-info"), "no composefs-info", (tool) => {
	test("prints the same", () => {
		const theirs = spawnSync(tool, ["ls", at("image")], { encoding: "utf8" });
		expect(theirs.stdout).toBe(LISTING);
	});
});
