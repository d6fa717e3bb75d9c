import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { Tree } from "../../src/tree.ts";
import { writeImage } from "../../src/write.ts";
import { composefs, program } from "../support/cli.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();

function sample(): Tree {
	const tree = new Tree();
	tree.writeFile("/mode", Buffer.from("x"), { mode: 0o644 });
	tree.writeFile("/xattr", Buffer.from("x"), { xattrs: [["user.a", Buffer.from("1")]] });
	tree.writeFile("/gone", Buffer.from("x"));
	tree.writeFile("/same", Buffer.from("x"));
	return tree;
}

beforeEach(async () => {
	await writeImage(sample(), { to: at("before") });
	const changed = sample();
	changed.writeFile("/mode", Buffer.from("x"), { mode: 0o600 });
	changed.writeFile("/xattr", Buffer.from("x"), { xattrs: [["user.a", Buffer.from("2")]] });
	changed.rm("/gone");
	changed.writeFile("/new", Buffer.from("x"));
	await writeImage(changed, { to: at("after") });
});

describe("composefs diff", () => {
	test("one mode, one xattr, one removed and one added file: exactly those four", () => {
		expect(composefs(["diff", at("before"), at("after")])).toEqual({
			status: 1,
			stdout: "- /gone\n~ /mode  mode 0644 → 0600\n+ /new\n~ /xattr  xattr user.a\n"
				.split("→")
				.join(Buffer.from("→").toString("latin1")),
			stderr: "",
		});
	});

	test("--json", () => {
		const { status, stdout } = composefs(["diff", "--json", at("before"), at("after")]);
		expect(status).toBe(1);
		expect(JSON.parse(stdout)).toMatchObject([
			{ kind: "removed", path: "/gone", before: { type: "file" } },
			{
				kind: "changed",
				path: "/mode",
				attributes: ["mode"],
				before: { mode: 0o644 },
				after: { mode: 0o600 },
			},
			{ kind: "added", path: "/new", after: { content: "eA==" } },
			{ kind: "changed", path: "/xattr", attributes: ["xattr"] },
		]);
	});

	test("contents of one size are told by their digests, if both have one", async () => {
		const write = async (name: string, digit: string) => {
			const tree = new Tree();
			const path = `${digit.repeat(2)}/${digit.repeat(62)}`;
			tree.writeFile("/digest", { size: 5000, path, digest: digit.repeat(64) });
			tree.writeFile("/none", { size: 5000, path });
			tree.writeFile("/size", Buffer.from(digit.repeat(Number(digit))));
			await writeImage(tree, { to: at(name) });
		};
		await write("a", "1");
		await write("b", "2");
		const { stdout } = composefs(["diff", at("a"), at("b")]);
		expect(Buffer.from(stdout, "latin1").toString()).toBe(
			`~ /digest  content ${"1".repeat(12)} → ${"2".repeat(12)}
~ /none  content
~ /size  content 1 byte → 2 bytes
`,
		);
	});

	test("bug: the names of one inode looked like changes of their own", async () => {
		const write = async (name: string, links: string[], content: string) => {
			const tree = new Tree();
			tree.writeFile("/a", Buffer.from(content));
			for (const link of links) tree.link("/a", link);
			await writeImage(tree, { to: at(name) });
		};
		await write("a", ["/b", "/c"], "x");
		await write("b", ["/b"], "xy");
		const text = (...names: [string, string]) =>
			Buffer.from(composefs(["diff", ...names.map((name) => at(name))]).stdout, "latin1").toString();
		expect(text("a", "b")).toBe(
			"~ /a  content 1 byte → 2 bytes, link group 3 names → 2 names\n~ /b  link to /a\n- /c  link to /a\n",
		);
		expect(text("b", "a")).toContain("+ /c  link to /a\n");
		const changes = JSON.parse(composefs(["diff", "--json", at("a"), at("b")]).stdout);
		expect(changes).toMatchObject([
			{ path: "/a", before: { link: "/a" }, after: { link: "/a" } },
			{ path: "/b", before: { link: "/a" }, after: { link: "/a" } },
			{ path: "/c", kind: "removed", before: { link: "/a" } },
		]);
		await write("c", [], "xy");
		const [first] = JSON.parse(composefs(["diff", "--json", at("b"), at("c")]).stdout);
		expect(first.after).not.toHaveProperty("link");
	});

	test("times that differ in a nanosecond do not look the same", async () => {
		for (const [name, mtimeNs] of [
			["a", 1_700_000_000_000_000_001n],
			["b", -1n],
		] as const) {
			const tree = new Tree();
			tree.writeFile("/f", Buffer.from("x"), { mtimeNs });
			await writeImage(tree, { to: at(name) });
		}
		const { stdout } = composefs(["diff", at("a"), at("b")]);
		expect(Buffer.from(stdout, "latin1").toString()).toBe(
			"~ /f  mtime 1700000000.000000001 → -0.000000001\n",
		);
	});

	test("a reader that stops reading changes no status", () => {
		const script = '{ sleep 0.2; "$@"; echo $? >&2; } | true';
		const diff = [process.execPath, program, "diff", at("before"), at("after")];
		const { stderr } = spawnSync("bash", ["-c", script, "bash", ...diff]);
		expect(String(stderr)).toBe("1\n");
	});

	test("nothing", () => {
		expect(composefs(["diff", at("before"), at("before")])).toEqual({ status: 0, stdout: "", stderr: "" });
	});

	test("an image that is none is named", () => {
		writeFileSync(at("none"), Buffer.alloc(4096));
		const { status, stderr } = composefs(["diff", at("before"), at("none")]);
		expect(status).toBe(2);
		expect(stderr).toContain(`composefs: ${at("none")}: offset 0: this is no composefs image`);
	});

	test("trouble ends with 2, as diff(1) does", () => {
		const { status, stderr } = composefs(["diff", at("before"), "/nonexistent"]);
		expect(status).toBe(2);
		expect(stderr).toContain("ENOENT");
	});
});
