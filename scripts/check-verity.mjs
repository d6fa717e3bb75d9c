// What needs a file system with fs-verity, in a folder of one; no test framework, so that it can run in a small VM:
//
//     node scripts/check-verity.mjs FOLDER
//
// Ends with 0 if all holds.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { computeDigest, enableVerity, measureVerity } from "../lib/index.js";
import { ObjectStore } from "../lib/store/index.js";

const folder = fs.mkdtempSync(path.join(process.argv[2] ?? ".", "verity-"));
const at = (name) => path.join(folder, name);
const bytes = Buffer.alloc(100_000, 7);

/** Sealed, measured by the kernel as it is computed, and never to be written to again. */
async function checkSealed(store, digest) {
	const file = store.path(digest);
	assert.deepEqual(await measureVerity(file), { algorithm: "sha256", digest });
	assert.equal(await computeDigest({ file }), digest);
	assert.ok(await store.verify(digest, { trust: "verity" }));
	assert.throws(() => fs.writeFileSync(file, "x"), { code: "EPERM" });
}

async function objectsAreSealed(verity, sync) {
	const store = await ObjectStore.open(at(`${verity}-${sync}`), { verity, sync });
	fs.writeFileSync(at("file"), Buffer.alloc(300_000, 3));
	const pieces = [bytes, { hole: 100_000 }, ...Array.from({ length: 6 }, () => bytes)];
	const stored = [];
	for (const content of [bytes, { file: at("file") }, pieces, Buffer.alloc(0)])
		stored.push(await store.put(content));
	assert.ok((await store.put(bytes)).existed);
	await store.flush();
	for (const { digest } of stored) await checkSealed(store, digest);
	await store.close();
}

async function objectsThatAreThere() {
	const lax = await ObjectStore.open(at("there"), { verity: "off" });
	const { digest } = await lax.put(bytes);
	assert.equal(await measureVerity(lax.path(digest)), undefined);
	await lax.close();
	const strict = await ObjectStore.open(at("there"), { verity: "require" });
	assert.ok((await strict.put(bytes)).existed); // sound: it is sealed as it is
	await checkSealed(strict, digest);
	const other = Buffer.alloc(bytes.length, 8);
	const wrong = strict.path(await computeDigest(other));
	fs.mkdirSync(path.dirname(wrong.toString()), { recursive: true });
	fs.writeFileSync(wrong, Buffer.alloc(bytes.length, 9));
	assert.ok(!(await strict.put(other)).existed); // of the right size, and wrong: it is replaced, not sealed
	assert.deepEqual((await strict.fsck([], { trust: "verity" })).bad, []);
	await checkSealed(strict, await computeDigest(other));
	await strict.close();
}

async function files() {
	fs.writeFileSync(at("writing"), "text");
	const writer = fs.openSync(at("writing"), "r+");
	await assert.rejects(enableVerity(at("writing")), { code: "ETXTBSY" });
	fs.closeSync(writer);
	await enableVerity(at("writing"));
	await enableVerity(at("writing"));
	assert.equal((await measureVerity(at("writing"))).digest, await computeDigest(at("writing")));
}

for (const sync of ["put", "flush", "never"])
	for (const verity of ["require", "try"]) await objectsAreSealed(verity, sync);
await objectsThatAreThere();
await files();
fs.rmSync(folder, { recursive: true });
console.log("fs-verity: all holds");
