import { expect, test } from "@jest/globals";
import { formatDump } from "../../src/dump/format.ts";
import { checkDumpLimits } from "../../src/sandbox/dump-limits.ts";
import { Tree } from "../../src/tree.ts";

const tree = new Tree();
for (let i = 0; i < 9; i++)
	tree.mkdir(`/a name ${i}`, {
		xattrs: [
			["user.a b", Buffer.from("c d")],
			["user.e", Buffer.alloc(0)],
		],
	});
const dump = Buffer.from(formatDump(tree));
const refused = { code: "ERR_COMPOSEFS_SANDBOX", rule: "protocol" };

test("a dump of so many names and xattrs passes, and none of more", async () => {
	await checkDumpLimits(dump, { inodes: 10, xattrs: 18 });
	await expect(checkDumpLimits(dump, { inodes: 9, xattrs: 18 })).rejects.toMatchObject(refused);
	await expect(checkDumpLimits(dump, { inodes: 10, xattrs: 7 })).rejects.toMatchObject(refused);
});

test("lines without an end do not get around it", async () => {
	const spaces = Buffer.alloc(1 << 20, " ");
	await expect(checkDumpLimits(spaces, { inodes: 10, xattrs: 100 })).rejects.toMatchObject(refused);
	await expect(checkDumpLimits(dump, { inodes: 10, xattrs: 18 }, AbortSignal.abort("no"))).rejects.toBe("no");
});
