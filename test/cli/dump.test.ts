import { readFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import { composefs } from "../support/cli.ts";
import { projectRoot } from "../support/needs.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const text = gunzipSync(readFileSync(path.join(projectRoot, "test/fixtures/debian-12.dump.gz")));

describe("composefs dump", () => {
	test("of the Debian image is what composefs-info 1.0.8 prints", () => {
		composefs(["build", "-", at("image")], { input: text });
		const { status, stdout } = composefs(["dump", at("image")], { maxBuffer: 1 << 26 });
		expect(status).toBe(0);
		expect(stdout === text.toString("latin1")).toBe(true);
	});

	test("--json has every field, --filter only what was asked for", () => {
		const lines = [
			"/ 0 40755 2 0 0 0 0.0 - - -",
			"/f 3 100644 1 1 2 0 1.5 - abc - user.a=b",
			`/o 9 100600 1 0 0 0 0.0 ab/cd - ${"5".repeat(64)}`,
			"/s 1 120777 1 0 0 0 0.0 f - -",
			"/d 0 20600 1 0 0 1281 0.0 - - -",
			"/other 0 40755 2 0 0 0 0.0 - - -",
		];
		composefs(["build", "-", at("image")], { input: lines.join("\n") });
		const filter = ["f", "o", "s", "d"].flatMap((name) => ["--filter", name]);
		const { stdout } = composefs(["dump", "--json", ...filter, at("image")]);
		const [{ entries }] = JSON.parse(stdout);
		const common = { uid: 0, gid: 0, mtimeNs: "0" };
		expect(entries).toEqual([
			{ path: "/", type: "directory", mode: 0o755, ...common },
			{ path: "/d", type: "character-device", mode: 0o600, ...common, rdev: { major: 5, minor: 1 } },
			{
				...{ path: "/f", type: "file", mode: 0o644, uid: 1, gid: 2, mtimeNs: "1000000005" },
				...{ size: 3, content: "YWJj", xattrs: { "user.a": "Yg==" } },
			},
			{ path: "/o", type: "file", mode: 0o600, ...common, size: 9, digest: "5".repeat(64), object: "ab/cd" },
			{ path: "/s", type: "symlink", mode: 0o777, ...common, target: "f" },
		]);
	});

	test("--json tells which names are one inode", () => {
		const lines = [
			"/ 0 40755 2 0 0 0 0.0 - - -",
			"/b 1 100644 2 0 0 0 0.0 - x -",
			"/a 1 @120000 - - - - 0.0 /b - -",
			"/c 1 100644 1 0 0 0 0.0 - x -",
		];
		composefs(["build", "-", at("image")], { input: lines.join("\n") });
		const [{ entries }] = JSON.parse(composefs(["dump", "--json", at("image")]).stdout);
		expect(entries.map(({ path, link }: { path: string; link?: string }) => [path, link])).toEqual([
			["/", undefined],
			["/a", "/a"],
			["/b", "/a"],
			["/c", undefined],
		]);
	});
});
