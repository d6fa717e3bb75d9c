import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { fromDirectory } from "../../src/directory/index.ts";
import type { DirectoryProgress } from "../../src/directory/options.ts";
import { validate } from "../../src/gate.ts";
import { ObjectStore } from "../../src/store/index.ts";
import type { Tree } from "../../src/tree.ts";
import { fillFolder, inFolder, isPrivileged, temporaryTakesXattrs } from "../support/folder.ts";
import { listing } from "../support/listing.ts";
import { describeIf } from "../support/needs.ts";
import { referenceDigest } from "../support/reference-verity.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();

function paths(tree: Tree): string[] {
	return Array.from(tree.walk(), ({ path }) => path);
}

describe("a folder with everything", () => {
	test("becomes a tree that an image can hold", async () => {
		fillFolder(at());
		const tree = await fromDirectory(at());
		expect(validate(tree)).toEqual([]);
		expect(tree.get("/size-0")).toMatchObject({ type: "file", mode: 0o600, content: Buffer.alloc(0) });
		expect(tree.get("/size-64")).toMatchObject({ content: readFileSync(at("size-64")) });
		const digest = referenceDigest(readFileSync(at("size-65")));
		const path = `${digest.slice(0, 2)}/${digest.slice(2)}`;
		expect(tree.get("/size-65")).toMatchObject({
			size: 65,
			digest,
			path,
			mtimeNs: 1_600_000_000_123_456_789n,
		});
		expect(tree.get("/size-1")).toMatchObject({ mode: 0o4755, mtimeNs: -1_500_000_001n });
		expect(tree.get("/a/dangling")).toMatchObject({ type: "symlink", mode: 0o777, target: "../nowhere" });
		expect(tree.get("/to-directory")).toMatchObject({ type: "symlink", target: "a" });
		expect(tree.get("/to-bytes")).toMatchObject({ target: "\udcff\udcfe" });
		expect(tree.get("/fifo")).toMatchObject({ type: "fifo", mode: 0o640 });
		expect(tree.get("/socket")).toMatchObject({ type: "socket" });
		expect(tree.get("/\udcff")).toMatchObject({ type: "file" });
		expect(tree.get("/dir-\udcfd/inside")).toMatchObject({ size: 70 });
		expect(tree.get("/empty")).toMatchObject({ type: "directory", mode: 0o1777 });
	});

	test("has hard links that stay links, inline or not, symlinks too", async () => {
		fillFolder(at());
		const tree = await fromDirectory(at());
		expect(tree.get("/a/b/c/linked")).toBe(tree.get("/a/same"));
		expect(tree.get("/a/inline-linked")).toBe(tree.get("/size-64"));
		expect(tree.get("/absolute-linked")).toBe(tree.get("/absolute"));
		expect(tree.get("/a/b/same")).not.toBe(tree.get("/a/same"));
		const broken = await fromDirectory(at(), { breakHardLinks: true });
		expect(broken.get("/a/b/c/linked")).not.toBe(broken.get("/a/same"));
		expect(broken.get("/a/b/c/linked")).toEqual(broken.get("/a/same"));
	});

	test("is the same tree into a store, which then has what the tree asks for", async () => {
		fillFolder(at());
		const plain = await fromDirectory(at());
		await using store = await ObjectStore.open(at("..", `${at().split("/").at(-1)}-store`));
		try {
			const stored = await fromDirectory(at(), { store });
			expect(listing(stored)).toEqual(listing(plain));
			for (const { inode } of stored.walk())
				if (inode.type === "file" && inode.digest !== undefined)
					expect(await store.verify(inode.digest)).toBe(true);
		} finally {
			rmSync(`${at()}-store`, { recursive: true });
		}
	});

	test("may be named with a slash behind, as bytes, as a URL", async () => {
		inFolder(at(), 'os.mkdir(b"d\\xff"); write(b"d\\xff/f", b"1")');
		const tree = await fromDirectory(Buffer.concat([Buffer.from(`${at()}/d`), Buffer.of(0xff, 0x2f)]));
		expect(paths(tree)).toEqual(["/", "/f"]);
		expect(paths(await fromDirectory(new URL(`file://${at()}`)))).toEqual(["/", "/d\udcff", "/d\udcff/f"]);
	});
});

describeIf("xattrs", temporaryTakesXattrs() || undefined, "the temporary folder has no user xattrs", () => {
	test("are kept byte for byte, or not, as asked", async () => {
		fillFolder(at());
		const tree = await fromDirectory(at());
		const binary = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
		expect(tree.get("/size-65")?.xattrs?.get("user.binary")).toEqual(binary);
		expect(tree.get("/size-65")?.xattrs?.get("user.empty")).toEqual(Buffer.alloc(0));
		expect(tree.get("/size-0")?.xattrs?.get("user.long")).toEqual(Buffer.alloc(3000, "l"));
		expect(tree.get("/a")?.xattrs?.get("user.on-directory")).toEqual(Buffer.from("d"));
		expect(tree.root.xattrs?.get("user.on-root")).toEqual(Buffer.from("r"));
		const without = await fromDirectory(at(), { skipXattrs: true });
		for (const { inode } of without.walk()) expect(inode.xattrs).toBeUndefined();
		const users = await fromDirectory(at(), { userXattrs: true });
		for (const { inode } of users.walk())
			for (const name of inode.xattrs?.keys() ?? []) expect(name).toMatch(/^user\./);
	});
});

describeIf("root", isPrivileged || undefined, "needs root, and no container", () => {
	test("finds devices, owners, capabilities, ACLs, overlayfs's attributes", async () => {
		fillFolder(at());
		const tree = await fromDirectory(at());
		expect(tree.get("/disk")).toMatchObject({ type: "block-device", rdev: { major: 259, minor: 70000 } });
		expect(tree.get("/whiteout")).toMatchObject({ type: "character-device", rdev: { major: 0, minor: 0 } });
		expect(tree.get("/size-4096")).toMatchObject({ uid: 1000, gid: 100_000 });
		const names = (path: string) => [...(tree.get(path)?.xattrs?.keys() ?? [])].sort();
		expect(names("/size-200000")).toEqual(["security.capability", "security.odd"]);
		expect(names("/a")).toEqual(
			expect.arrayContaining(["system.posix_acl_access", "system.posix_acl_default"]),
		);
		expect(names("/absolute")).toEqual(["trusted.on-symlink"]);
		expect(names("/a/b")).toEqual(expect.arrayContaining(["trusted.other", "trusted.overlay.opaque"]));
	});

	test("skips devices where that is asked for", async () => {
		fillFolder(at());
		const tree = await fromDirectory(at(), { skipDevices: true });
		expect(["/disk", "/console", "/whiteout", "/fifo"].map((path) => tree.get(path)?.type)).toEqual([
			undefined,
			undefined,
			undefined,
			"fifo",
		]);
	});

	test("breaks the links of whiteouts, which overlayfs makes and an image cannot have", async () => {
		inFolder(at(), 'os.mknod("a", stat.S_IFCHR, 0); os.link("a", "b")');
		const tree = await fromDirectory(at());
		expect(tree.get("/a")).not.toBe(tree.get("/b"));
		expect(validate(tree)).toEqual([]);
	});
});

describe("filter", () => {
	test("leaves out files and whole directories", async () => {
		fillFolder(at());
		const asked: string[] = [];
		const tree = await fromDirectory(at(), {
			filter({ path, type, size, nlink, mode, ino, dev }) {
				asked.push(path);
				if (path === "/size-65")
					expect([type, size, nlink, mode, ino > 0n, dev > 0n]).toEqual(["file", 65n, 1, 0o644, true, true]);
				return path !== "/a/b" && type !== "symlink";
			},
		});
		expect(paths(tree).filter((path) => path.startsWith("/a/"))).toEqual(["/a/inline-linked", "/a/same"]);
		expect(asked).not.toContain("/a/b/c");
		expect(asked).not.toContain("/");
	});

	test("bug: a promise of a boolean, even of false, let everything through", async () => {
		writeFileSync(at("a"), "");
		const failing = async () => Promise.reject(new Error("not handled"));
		for (const filter of [async () => false, failing])
			await expect(fromDirectory(at(), { filter: filter as never })).rejects.toMatchObject({
				code: "ERR_COMPOSEFS_ARGUMENT",
			});
	});

	test("bug: one that gives nothing left out everything", async () => {
		writeFileSync(at("a"), "");
		for (const answer of [undefined, null, 1, "yes"])
			await expect(fromDirectory(at(), { filter: () => answer as never })).rejects.toMatchObject({
				code: "ERR_COMPOSEFS_ARGUMENT",
				message: `filter gives a boolean, not ${typeof answer}`,
			});
	});

	test("its errors come out", async () => {
		writeFileSync(at("a"), "");
		const filter = () => {
			throw new Error("of the filter");
		};
		await expect(fromDirectory(at(), { filter })).rejects.toThrow("of the filter");
	});
});

describe("limits, progress and signals", () => {
	test("maxEntries", async () => {
		fillFolder(at());
		const count = paths(await fromDirectory(at())).length - 1;
		expect(paths(await fromDirectory(at(), { maxEntries: count })).length).toBe(count + 1);
		await expect(fromDirectory(at(), { maxEntries: count - 1 })).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_TREE",
			rule: "inodes",
		});
	});

	test("progress ends with all there is", async () => {
		fillFolder(at());
		const seen: DirectoryProgress[] = [];
		const tree = await fromDirectory(at(), { onProgress: (progress) => seen.push(progress) });
		const last = seen.at(-1);
		expect(last).toMatchObject({ files: last?.totalFiles, bytes: last?.totalBytes });
		expect(last?.entries).toBe(paths(tree).length - 1);
		expect(last?.totalBytes).toBe(65 + 4096 + 4097 + 200_000 + 100 + 100 + 5000 + 70 + 261);
	});

	test("an aborted signal before and meanwhile", async () => {
		fillFolder(at());
		const reason = new Error("enough");
		await expect(fromDirectory(at(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
		const controller = new AbortController();
		const onProgress = () => controller.abort(reason);
		await expect(fromDirectory(at(), { signal: controller.signal, onProgress })).rejects.toBe(reason);
	});

	test("an argument that is none", async () => {
		await expect(fromDirectory(undefined as never)).rejects.toMatchObject({ code: "ERR_COMPOSEFS_ARGUMENT" });
		await expect(fromDirectory(at(), { threads: 0 })).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_ARGUMENT",
		});
	});
});
