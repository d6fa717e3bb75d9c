import { createHash } from "node:crypto";
import { copyFileSync, readdirSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { isObjectPath } from "../../src/object-path.ts";
import { ObjectStore } from "../../src/store/index.ts";
import { mountImage, mounting, mountSmall, NO_MOUNTING, unmount } from "../support/file-systems.ts";
import { describeIf } from "../support/needs.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();

describeIf("a crash of the machine", mounting, NO_MOUNTING, () => {
	beforeEach(() => mountSmall(at("disk"), at("mount"), 2 ** 24, "has_journal"));
	afterEach(() => unmount(at("mount")));

	/** The objects that are there, and whole, when the machine is up again. */
	async function objectsAfterCrash(): Promise<string[]> {
		copyFileSync(at("disk"), at("crashed"));
		mountImage(at("crashed"), at("after"));
		try {
			const store = await ObjectStore.open(at("after/store"), { create: false });
			const wrong = (await store.fsck()).bad.map(({ path }) => path);
			await store.close();
			const names = readdirSync(at("after/store"), { recursive: true, encoding: "utf8" });
			return names.filter((name) => isObjectPath(name) && !wrong.includes(name));
		} finally {
			unmount(at("after"));
		}
	}

	test.each([
		["put", 2],
		["put", 20],
		["flush", 2],
		["flush", 20],
	] as const)(
		"bug: what somebody else had put and not synced was lost; sync: %s, %d",
		async (sync, count) => {
			const bytes = Array.from({ length: count }, (_, i) => Buffer.alloc(5000, `text ${i}`));
			await using careless = await ObjectStore.open(at("mount/store"), { sync: "never" });
			for (const each of bytes) await careless.put(each);
			await using store = await ObjectStore.open(at("mount/store"), { sync });
			const stored = await Promise.all(bytes.map((each) => store.put(each)));
			await store.flush();
			expect(new Set(stored.map(({ existed }) => existed))).toEqual(new Set([true]));
			expect((await objectsAfterCrash()).sort()).toEqual(stored.map(({ path }) => path).sort());
		},
	);

	test("bug: what was found, and somebody had not synced, was lost", async () => {
		await using careless = await ObjectStore.open(at("mount/store"), { sync: "never" });
		const { digest, path: object } = await careless.put(Buffer.alloc(5000, "text"));
		const sha256 = createHash("sha256").update(Buffer.alloc(5000, "text")).digest("hex");
		careless.remember(sha256, { digest, size: 5000 });
		await careless.flush();
		await using store = await ObjectStore.open(at("mount/store"), { sync: "flush" });
		expect(await store.find([{ sha256, size: 5000 }])).toEqual([{ digest, path: object }]);
		await store.flush();
		expect(await objectsAfterCrash()).toEqual([object]);
	});
});
