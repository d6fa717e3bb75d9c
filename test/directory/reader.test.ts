import { describe, expect, jest, test } from "@jest/globals";
import { ScanRecord } from "../../src/directory/decode.ts";
import { checkOptions } from "../../src/directory/options.ts";
import { DirectoryReader } from "../../src/directory/reader.ts";
import type { FileIdentity } from "../../src/file-path.ts";
import { inFolder } from "../support/folder.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const signal = new AbortController().signal;

describe("names of a directory", () => {
	test("are all read, with one content for each inode that has one", async () => {
		inFolder(
			at(),
			`
write("a", b"x" * 100); os.link("a", "b"); write("small", b"x")
for i in range(100): os.makedirs(f"d{i}/e"); write(f"d{i}/e/f", b"x" * 70); os.link("a", f"d{i}/a")`,
		);
		for (const breakHardLinks of [false, true]) {
			const reader = new DirectoryReader(checkOptions({ breakHardLinks }));
			const tree = await reader.readNames(at(), signal);
			expect(reader.entries).toBe(3 + 100 * 4);
			expect([...tree.walk()].length).toBe(1 + reader.entries);
			expect(reader.contents.length).toBe(101);
			const linked = reader.contents.find(({ places }) => places.length > 1);
			expect(linked?.places.length).toBe(102);
			expect(linked?.inodes.length).toBe(breakHardLinks ? 102 : 1);
		}
	});

	test("are of one inode only where its file system is the same, too", async () => {
		inFolder(at(), 'for name in "ab": write(name, b"x" * 100); os.link(name, name + "2")');
		const identity = Object.getOwnPropertyDescriptor(ScanRecord.prototype, "identity")
			?.get as () => FileIdentity;
		const spy = jest.spyOn(ScanRecord.prototype, "identity", "get");
		spy.mockImplementation(function (this: ScanRecord) {
			return { ...identity.call(this), ino: 5n, dev: this.name.startsWith("a") ? 1n : 2n };
		});
		const tree = await new DirectoryReader(checkOptions({}))
			.readNames(at(), signal)
			.finally(() => spy.mockRestore());
		const [a, a2, b, b2] = ["a", "a2", "b", "b2"].map((name) => tree.get(name));
		expect([a === a2, b === b2, a === b]).toEqual([true, true, false]);
	});

	test("are read as deep as a path can be", async () => {
		inFolder(at(), 'for i in range(900): os.mkdir("d"); os.chdir("d")');
		const reader = new DirectoryReader(checkOptions({}));
		await reader.readNames(at(), signal);
		expect(reader.entries).toBe(900);
	});

	test("deeper than a path can be are an error", async () => {
		inFolder(at(), 'name = "d" * 250\nfor i in range(20): os.mkdir(name); os.chdir(name)');
		const reader = new DirectoryReader(checkOptions({ onChanged: "skip" }));
		await expect(reader.readNames(at(), signal)).rejects.toMatchObject({ code: "ENAMETOOLONG" });
		// node's rm goes by path too.
		inFolder(at(), 'import shutil; shutil.rmtree("d" * 250)');
	});
});
