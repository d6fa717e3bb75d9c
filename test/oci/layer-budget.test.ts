import { expect, test } from "@jest/globals";
import { fifo, file, symlink } from "../../src/inode.ts";
import { LayerBudget } from "../../src/oci/layer-budget.ts";

test.each([
	["a name", { name: "ab", inode: fifo() }, 2],
	["a hard link", { name: "a", linkName: "bcd" }, 4],
	["a symlink's target", { name: "a", inode: symlink("bcd") }, 4],
	["a small content", { name: "a", inode: file(Buffer.from("12345")) }, 6],
	["no content elsewhere", { name: "a", inode: file({ size: 100 }) }, 1],
	["xattrs", { name: "a", inode: fifo({ xattrs: [["user.a", Buffer.from("12")]] }) }, 109],
])("counts %s", (_title, entry, bytes) => {
	new LayerBudget({ entries: 1, metadata: bytes }).countMetadata(entry);
	const small = new LayerBudget({ entries: 1, metadata: bytes - 1 });
	expect(() => small.countMetadata(entry)).toThrow(
		expect.objectContaining({ code: "ERR_COMPOSEFS_OCI", rule: "metadata-size", limit: bytes - 1 }),
	);
});

test("counts entries", () => {
	const budget = new LayerBudget({ entries: 1, metadata: 1 });
	budget.countEntry();
	expect(() => budget.countEntry()).toThrow(expect.objectContaining({ rule: "entry-count", limit: 1 }));
});
