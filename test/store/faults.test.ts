import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { ObjectStore } from "../../src/store/index.ts";
import { runNode } from "../support/child.ts";
import {
	FOLDER_WITHOUT_VERITY,
	mounting,
	mountSmall,
	NO_MOUNTING,
	remount,
	unmount,
} from "../support/file-systems.ts";
import { CANNOT_MOUNT, canMount, inMountNamespace } from "../support/mounting.ts";
import { describeIf, projectRoot } from "../support/needs.ts";
import { referenceDigest } from "../support/reference-verity.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
/** An id that has no files. */
const NOBODY = 65_534;

/** Names in a store that are neither its folders nor its lock. */
function contents(folder: string): string[] {
	return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
		(name) => !/^([0-9a-f]{2}|\.lock|lost\+found)$/.test(name),
	);
}

describe("kill -9 at random moments, eight writers", () => {
	test("leaves no wrong object, and nothing that gc does not remove", () => {
		const { ended, stdout, stderr } = runNode([path.join(projectRoot, "scripts/kill-store.mjs"), "12", at()]);
		expect({ ended, stderr }).toEqual({ ended: 0, stderr: "" });
		expect(JSON.parse(stdout)).toMatchObject({ kills: 12, wrong: 0 });
	});
});

describe("without fs-verity", () => {
	const at = useTemporaryFolder(FOLDER_WITHOUT_VERITY);

	test("require is refused with what to do, and leaves nothing; try goes on", async () => {
		const strict = await ObjectStore.open(at("store"), { verity: "require" });
		await expect(strict.put(Buffer.from("text"))).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_VERITY",
			rule: "verity-unsupported",
			path: at("store"),
			message: expect.stringContaining("tune2fs -O verity"),
		});
		await strict.close();
		expect(contents(at("store"))).toEqual([]);
		const store = await ObjectStore.open(at("store"));
		await store.put(Buffer.from("text"));
		await store.close();
		expect(contents(at("store")).length).toBe(1);
	});
});

describeIf("a store that is not there", canMount, CANNOT_MOUNT, () => {
	test("bug: where nothing can be made, the error said that it is not there", () => {
		const failure = inMountNamespace(
			at(),
			`fs.mkdirSync("ro");
			spawnSync("mount", ["-t", "tmpfs", "-o", "ro", "none", "ro"]);
			const { ObjectStore } = await import(new URL("store/index.js", world.LIB));
			return failureOf(ObjectStore.open("ro/objects"));`,
		);
		expect(failure).toMatchObject({ code: "EROFS", syscall: "mkdir" });
	});
});

describeIf("objects of others", process.getuid?.() === 0 ? true : undefined, "needs root", () => {
	test("are refused, and read by who owns the store", async () => {
		const ours = await ObjectStore.open(at("store"), { owner: { uid: 1234, gid: 1235 } });
		const { digest } = await ours.put(Buffer.from("text"));
		expect(await ours.verify(digest)).toBe(true);
		await ours.close();
		const owners = await ObjectStore.open(at("store"));
		expect(await owners.has(digest)).toBe(true);
		await owners.close();
		const others = await ObjectStore.open(at("store"), { owner: { uid: 4321, gid: 1235 } });
		const refused = { code: "ERR_COMPOSEFS_STORE", rule: "object-owner" };
		await expect(others.has(digest)).rejects.toMatchObject(refused);
		await expect(others.put(Buffer.from("text"))).rejects.toMatchObject(refused);
		await others.close();
	});
});

describeIf("a small file system", mounting, NO_MOUNTING, () => {
	const MIB = 2 ** 20;
	beforeEach(() => mountSmall(at("disk"), at("mount"), 4 * MIB));
	afterEach(() => unmount(at("mount")));

	/** Leaves so many bytes free. */
	function fill(free: number): void {
		const { bavail, bsize } = statfsSync(at("mount"));
		const size = bavail * bsize - free;
		if (size > 0) writeFileSync(at("mount/filler"), Buffer.alloc(size, 1));
	}

	const file = (size: number, seed = 7) => Buffer.alloc(size, seed);
	const kinds = {
		bytes: (bytes: Buffer) => bytes,
		file: (bytes: Buffer) => {
			writeFileSync(at("file"), bytes);
			return { file: at("file") };
		},
		stream: (bytes: Buffer) => [bytes.subarray(0, 700_000), bytes.subarray(700_000)],
	};

	describe.each(["put", "flush", "never"] as const)("sync: %s", (sync) => {
		test.each(Object.keys(kinds) as (keyof typeof kinds)[])(
			"full while %s are written: nothing is left",
			async (kind) => {
				const store = await ObjectStore.open(at("mount/store"), { sync });
				fill(MIB);
				const big = file(2 * MIB);
				await expect(store.put(kinds[kind](big))).rejects.toMatchObject({ code: "ENOSPC", syscall: "write" });
				const small = await store.put(file(10_000));
				await store.close();
				expect(contents(at("mount/store"))).toEqual([small.path]);
			},
		);

		test.each([0, 4096, 8192, 12288, 16384, 24576, 32768])(
			"full with %d bytes left: whole objects or none",
			async (free) => {
				const store = await ObjectStore.open(at("mount/store"), { sync });
				fill(free);
				const files = [1, 2, 3, 4].map((seed) => file(4000, seed));
				const results = await Promise.allSettled(files.map((bytes) => store.put(bytes)));
				for (const result of results)
					if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "ENOSPC" });
				await store.close().catch((error) => expect(error).toMatchObject({ code: "ENOSPC" }));
				for (const name of contents(at("mount/store")))
					expect(referenceDigest(readFileSync(at("mount/store", name)))).toBe(name.replace("/", ""));
			},
		);
	});

	/** Takes every inode that is left. */
	function fillInodes(folder: string): void {
		mkdirSync(folder);
		for (let n = 0; ; n++)
			try {
				writeFileSync(path.join(folder, `${n}`), "");
			} catch (error) {
				expect(error).toMatchObject({ code: "ENOSPC" });
				return;
			}
	}

	test("without room for a writer's folder: its store keeps nobody else's gc waiting", async () => {
		const store = await ObjectStore.open(at("mount/store"));
		const other = await ObjectStore.open(at("mount/store"));
		const { path: object } = await other.put(Buffer.from("text"));
		await other.close();
		fillInodes(at("mount/filler"));
		await expect(store.put(Buffer.from("other"))).rejects.toMatchObject({ code: "ENOSPC", syscall: "mkdir" });
		rmSync(at("mount/filler"), { recursive: true });
		const collector = await ObjectStore.open(at("mount/store"));
		expect(await collector.gc([])).toMatchObject({ removed: [{ path: object }] });
		await collector.close();
		await store.close();
	});

	test("that cannot be written to: objects are read, and none is put", async () => {
		const store = await ObjectStore.open(at("mount/store"));
		const { digest, path: object } = await store.put(Buffer.from("text"));
		const name = { sha256: createHash("sha256").update("text").digest("hex"), size: 4 };
		store.remember(name.sha256, { digest, size: 4 });
		await store.close();
		remount(at("mount"), "ro");
		const reader = await ObjectStore.open(at("mount/store"));
		expect(await reader.verify(digest)).toBe(true);
		expect((await reader.fsck()).bad).toEqual([]);
		expect(await reader.find([name])).toEqual([{ digest, path: object }]);
		await reader.flush();
		await expect(reader.put(Buffer.from("other"))).rejects.toMatchObject({ code: "EROFS" });
		await expect(reader.gc([])).rejects.toMatchObject({ code: "EROFS" });
		expect(await reader.gc([], { dryRun: true })).toMatchObject({
			removed: [{ path: object }],
			leftovers: [],
		});
		await reader.close();
	});

	test("is another one than a file's (EXDEV): it is copied", async () => {
		const store = await ObjectStore.open(at("mount/store"));
		for (const size of [5000, MIB]) {
			writeFileSync(at("file"), file(size));
			const { digest } = await store.put({ file: at("file") });
			expect(digest).toBe(referenceDigest(file(size)));
			expect(await store.verify(digest)).toBe(true);
		}
		await store.close();
	});
});

describeIf("read errors", mounting, NO_MOUNTING, () => {
	test("of an object are found by fsck, and healed by put", async () => {
		const image = at("disk");
		mountSmall(image, at("mount"), 2 ** 22);
		try {
			const bytes = Buffer.alloc(100_000, "content that is found in the image");
			const store = await ObjectStore.open(at("mount/store"));
			const { digest } = await store.put(bytes);
			await store.close();
			expect(digest).toBe(referenceDigest(bytes));
			// A block that goes bad below the file system.
			unmount(at("mount"));
			const disk = readFileSync(image);
			disk.write("CONTENT", disk.indexOf("content that is found"));
			writeFileSync(image, disk);
			spawnSync("mount", ["-o", "loop", image, at("mount")]);
			const again = await ObjectStore.open(at("mount/store"), { trust: "content" });
			expect((await again.fsck()).bad).toMatchObject([{ problem: "content" }]);
			expect((await again.put(bytes)).existed).toBe(false);
			expect((await again.fsck()).bad).toEqual([]);
			await again.close();
		} finally {
			unmount(at("mount"));
		}
	});
});

/** Without the rights of root, if the process has them: all of its threads. */
async function unprivileged(work: () => Promise<void>): Promise<void> {
	const isRoot = process.geteuid?.() === 0;
	if (isRoot) process.seteuid?.(NOBODY);
	try {
		await work();
	} finally {
		if (isRoot) process.seteuid?.(0);
	}
}

describe("a folder that the process may not write to", () => {
	test("gives EACCES, and leaves nothing", async () => {
		chmodSync(at(), 0o755);
		mkdirSync(at("store"));
		chmodSync(at("store"), 0o555);
		await unprivileged(async () => {
			const store = await ObjectStore.open(at("store"));
			await expect(store.put(Buffer.from("text"))).rejects.toMatchObject({ code: "EACCES" });
			await store.close();
		});
		expect(readdirSync(at("store"))).toEqual([]);
		chmodSync(at("store"), 0o755);
	});

	test("is looked at by gc alone: what it would remove", async () => {
		chmodSync(at(), 0o755);
		const store = await ObjectStore.open(at("store"));
		const { path: object } = await store.put(Buffer.from("text"));
		await store.close();
		chmodSync(at("store/.lock"), 0o444);
		const before = readdirSync(at("store"), { recursive: true });
		await unprivileged(async () => {
			const reader = await ObjectStore.open(at("store"));
			expect(await reader.gc([], { dryRun: true })).toMatchObject({ removed: [{ path: object, size: 4 }] });
			await expect(reader.gc([])).rejects.toMatchObject({
				code: "EACCES",
				path: expect.stringContaining(".lock"),
			});
			await reader.close();
		});
		expect(readdirSync(at("store"), { recursive: true })).toEqual(before);
	});
});
