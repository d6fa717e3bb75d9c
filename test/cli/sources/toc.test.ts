import { writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { composefs } from "../../support/cli.ts";
import { useTemporaryFolder } from "../../support/temporary.ts";

const at = useTemporaryFolder();
const toc = (...entries: object[]) => JSON.stringify({ version: 1, entries });
const content = (text: string) => ({ size: text.length, "x-content": Buffer.from(text).toString("base64") });

test("tables of contents are laid into one root, in their order", () => {
	writeFileSync(
		at("a.json"),
		toc({ type: "dir", name: "etc" }, { type: "reg", name: "etc/a", ...content("one") }),
	);
	const upper = toc({ type: "reg", name: "etc/a", ...content("two") }, { type: "reg", name: "etc/b" });
	const args = ["build", "--from", "toc", at("a.json"), "-", at("image")];
	expect(composefs(args, { input: upper })).toEqual({ status: 0, stdout: "", stderr: "" });
	const [{ entries }] = JSON.parse(composefs(["dump", "--json", at("image")]).stdout);
	expect(entries.map(({ path, content }: Record<string, string>) => [path, content])).toEqual([
		["/", undefined],
		["/etc", undefined],
		["/etc/a", Buffer.from("two").toString("base64")],
		["/etc/b", ""],
	]);
});

test("what is wrong is said, with its document and place", () => {
	writeFileSync(at("a.json"), toc({ type: "dir", name: "a" }));
	writeFileSync(at("b.json"), toc({ type: "dir", name: "../a" }));
	const { status, stdout, stderr } = composefs(["build", at("a.json"), at("b.json"), at("image")]);
	expect([status, stdout, stderr]).toEqual([1, "", expect.stringMatching(/^composefs: document 2: .*\.\./)]);
	expect(composefs(["build", at("a.json"), at("none.json"), at("image")])).toMatchObject({
		status: 1,
		stderr: expect.stringContaining("ENOENT"),
	});
	expect(composefs(["build", "--store", at(), at("a.json"), at("image")]).status).toBe(2);
});
