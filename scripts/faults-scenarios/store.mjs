// Putting into an object store, flushes, reading a folder.
import fs from "node:fs";
import path from "node:path";
import { OBJECT, Wrong } from "./support.mjs";

/** Of each kind of content, one that is put by itself and one in a batch. */
function contents(at) {
	fs.mkdirSync(at("scanned/sub"), { recursive: true });
	for (const size of [0, 10, 100, 5000, 200_000])
		fs.writeFileSync(at(`scanned/${size}`), Buffer.alloc(size, "file"));
	fs.writeFileSync(at("scanned/sub/file"), Buffer.alloc(300, "sub"));
	fs.symlinkSync("sub", at("scanned/link"));
	fs.linkSync(at("scanned/100"), at("scanned/again"));
	return async function* () {
		yield Buffer.alloc(70_000, "stream");
		yield { hole: 100_000 };
		yield Buffer.alloc(10, "end");
	};
}

export async function storeScenarios(folder) {
	const { computeDigest, writeImage } = await import("../../lib/index.js");
	const { ObjectStore } = await import("../../lib/store/index.js");
	const { fromDirectory } = await import("../../lib/directory/index.js");
	const at = (name) => path.join(folder, name);
	const stream = contents(at);
	const digestOf = async (tree) => (await writeImage(tree, { digestOnly: true })).digest;
	const scanned = await digestOf(await fromDirectory(at("scanned")));
	const putSome = (store) =>
		Promise.all([
			store.put(Buffer.alloc(5000, "bytes")),
			store.put({ file: at("scanned/200000") }),
			store.put(stream()),
			store.put(Buffer.alloc(100, "more")),
		]);
	const put = async (store) => {
		await putSome(store);
		await store.flush();
	};
	/** A flush says that all is there only if it is, whatever became of the one before. */
	const flushTwice = async (store) => {
		const stored = await putSome(store);
		const failure = await store.flush().catch((error) => error);
		await store.flush();
		for (const object of stored)
			if (!fs.existsSync(at(`store/${object.path}`))) throw new Wrong(`${object.path} is lost`);
		if (failure !== undefined) throw failure;
	};
	const withStore = async (options, action) => {
		const store = await ObjectStore.open(at("store"), options);
		try {
			return await action(store);
		} finally {
			await store.close();
		}
	};
	/** What a writer could not remove, gc removes: then nothing but the store's own files is left. */
	const checkStore = async (done) => {
		const removed = await withStore({}, async (store) => (await store.gc([])).removed.length);
		if (done && removed < 4) throw new Wrong(`${removed} objects`);
		const left = fs
			.readdirSync(at("store"), { recursive: true })
			.filter((name) => !/^([0-9a-f]{2}|\.lock|\.digests.*)$/.test(name));
		if (left.length > 0) throw new Wrong(`left: ${left}`);
	};
	/** Every object is what its name says. */
	const checkObjects = async (done) => {
		for (const name of fs.existsSync(at("store")) ? fs.readdirSync(at("store"), { recursive: true }) : []) {
			if (!OBJECT.test(name)) continue;
			const digest = await computeDigest(at(`store/${name}`));
			if (digest !== name.replace("/", "")) throw new Wrong(`object ${name} is ${digest}`);
		}
		await checkStore(done);
	};
	const prepare = () => {
		fs.rmSync(at("store"), { recursive: true, force: true });
		fs.mkdirSync(at("store"));
	};
	const codes = ["ERR_COMPOSEFS_STORE", "ERR_COMPOSEFS_VERITY"];
	return {
		"store: put": { prepare, run: () => withStore({}, put), after: checkObjects, codes },
		"store: put, synced by flush": {
			prepare,
			run: () => withStore({ sync: "flush" }, put),
			after: checkObjects,
			codes,
		},
		"store: flush, and another one": {
			prepare,
			run: () => withStore({ sync: "flush" }, flushTwice),
			after: checkObjects,
			codes,
		},
		fromDirectory: {
			run: async () => {
				const found = await digestOf(await fromDirectory(at("scanned")));
				if (found !== scanned) throw new Wrong(`another tree: ${found}`);
			},
			codes: ["ERR_COMPOSEFS_CHANGED"],
		},
		"fromDirectory into a store": {
			prepare,
			run: () =>
				withStore({ sync: "never" }, async (store) => {
					await digestOf(await fromDirectory(at("scanned"), { store }));
				}),
			after: () => checkObjects(false),
			codes: [...codes, "ERR_COMPOSEFS_CHANGED"],
		},
	};
}
