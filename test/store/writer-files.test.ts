import { existsSync, lstatSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { open, truncate } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "@jest/globals";
import { FOLDER_OF_OWN_TIMES } from "../support/file-systems.ts";
import { useStore } from "../support/opened-store.ts";
import { referenceDigest } from "../support/reference-verity.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder(FOLDER_OF_OWN_TIMES);
const { openStore } = useStore(at);

const identity = (path: string) => lstatSync(path, { bigint: true });

describe("files that change", () => {
	test("since they were found are refused", async () => {
		writeFileSync(at("file"), "text");
		const found = identity(at("file"));
		const store = await openStore();
		expect((await store.put({ file: at("file") }, { identity: found })).size).toBe(4);
		writeFileSync(at("file"), "other");
		const changed = { code: "ERR_COMPOSEFS_CHANGED", rule: "changed", path: at("file") };
		await expect(store.put({ file: at("file") }, { identity: found })).rejects.toMatchObject(changed);
		rmSync(at("file"));
		symlinkSync(at("store"), at("file"));
		await expect(store.put({ file: at("file") }, { identity: found })).rejects.toMatchObject(changed);
		rmSync(at("file"));
		await expect(store.put({ file: at("file") }, { identity: found })).rejects.toMatchObject({
			code: "ENOENT",
		});
	});

	test("while they are read are refused", async () => {
		writeFileSync(at("file"), "");
		await truncate(at("file"), 2 ** 26);
		const handle = await open(at("file"), "r+");
		const store = await openStore();
		const put = expect(store.put({ file: handle })).rejects.toMatchObject({ code: "ERR_COMPOSEFS_CHANGED" });
		let settled = false;
		void put.finally(() => {
			settled = true;
		});
		while (!settled) await handle.write(Buffer.from("x"), 0, 1, 2 ** 26);
		await put;
		await handle.close();
	});
});

describe("files that were put before", () => {
	/** A file that was not changed just now. */
	async function oldFile(text: string) {
		writeFileSync(at("file"), text);
		await pause(2100);
		return identity(at("file"));
	}

	test("are not read again, also by another store", async () => {
		const found = await oldFile("text");
		const first = await openStore();
		const stored = await first.put({ file: at("file") }, { identity: found });
		await first.close();
		expect(statSync(at("store/.digests")).mode & 0o777).toBe(0o600);
		// What is remembered is believed: the digest of other bytes, for which there is an object of that size.
		const other = referenceDigest(Buffer.from("tExt"));
		const remembered = readFileSync(at("store/.digests"));
		remembered.set(Buffer.from(other, "hex"), remembered.indexOf(Buffer.from(stored.digest, "hex")));
		remembered.writeBigUInt64LE(checkOf(remembered.subarray(24)), 16);
		writeFileSync(at("store/.digests"), remembered);
		const second = await openStore();
		await second.put(Buffer.from("tExt"));
		const again = await second.put({ file: at("file") }, { identity: found });
		expect(again).toMatchObject({ digest: other, existed: true });
	});

	test("a digest that is remembered is of no use without the object", async () => {
		const found = await oldFile("text");
		const store = await openStore();
		const { path } = await store.put({ file: at("file") }, { identity: found });
		expect((await store.put({ file: at("file") }, { identity: found })).existed).toBe(true);
		rmSync(at("store", path));
		expect((await store.put({ file: at("file") }, { identity: found })).existed).toBe(false);
		writeFileSync(at("file"), "tExt");
		const changed = { code: "ERR_COMPOSEFS_CHANGED" };
		await expect(store.put({ file: at("file") }, { identity: found })).rejects.toMatchObject(changed);
	});

	test("are remembered only with cache", async () => {
		const found = await oldFile("text");
		const store = await openStore({ cache: false });
		await store.put({ file: at("file") }, { identity: found });
		await store.close();
		expect(existsSync(at("store/.digests"))).toBe(false);
	});
});

/** As native/digest_cache.cc has it. */
function checkOf(bytes: Buffer): bigint {
	let check = 0xcbf29ce484222325n;
	for (let at = 0; at + 8 <= bytes.length; at += 8) {
		check = BigInt.asUintN(64, (check ^ bytes.readBigUInt64LE(at)) * 0x100000001b3n);
		check ^= check >> 32n;
	}
	return check;
}
