// What faults.mjs lets fail: writing and hashing images, an object store, reading a folder, mounting.
import fs from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";

/** What must not come of any fault. */
export class Wrong extends Error {}
const OLD = Buffer.from("what was there");

/**
 * By name: `prepare` before each fault; `run`, which throws `Wrong` for a wrong result; `after`, told whether it was done;
 * `codes` of errors that may come besides that of the fault.
 */
export async function scenarios(folder, files) {
	return { ...(await imageScenarios(folder, files)), ...(await storeScenarios(folder)) };
}

async function imageScenarios(folder, files) {
	const { Tree, writeImage, computeDigest } = await import("../lib/index.js");
	const tree = new Tree();
	for (let i = 0; i < files; i++) {
		if (i % 50 === 0) tree.mkdir(`/${i}`);
		const xattrs = i % 7 === 0 ? [["user.number", Buffer.from(`${i % 21}`)]] : [];
		const digest = i.toString(16).padStart(64, "0");
		tree.writeFile(`/${i - (i % 50)}/file-${i}`, { size: 5000, digest, path: digest.slice(2) }, { xattrs });
	}
	tree.link("/0/file-1", "/0/link");
	const expected = await writeImage(tree);
	const bytes = Buffer.from(expected.image);
	const at = (name) => path.join(folder, name);
	fs.writeFileSync(at("source"), bytes);
	const check = (found) => {
		if (found !== expected.digest) throw new Wrong(`digest ${found}`);
	};
	const checkFile = (name, mayBeOld) => {
		const found = fs.readFileSync(at(name));
		if (!found.equals(bytes) && !(mayBeOld && found.equals(OLD)))
			throw new Wrong(`${name}: ${found.length} bytes`);
	};
	return {
		"writeImage to a path": {
			prepare: () => fs.writeFileSync(at("image"), OLD),
			run: async () => check((await writeImage(tree, { to: at("image") })).digest),
			after: (done) => checkFile("image", !done),
		},
		"writeImage without a flush": {
			prepare: () => fs.writeFileSync(at("unflushed"), OLD),
			run: async () => check((await writeImage(tree, { to: at("unflushed"), flush: false })).digest),
			after: (done) => checkFile("unflushed", !done),
		},
		"writeImage to a symlink": {
			prepare: () => {
				fs.rmSync(at("link"), { force: true });
				fs.writeFileSync(at("target"), OLD);
				fs.symlinkSync("target", at("link"));
			},
			run: async () => check((await writeImage(tree, { to: at("link") })).digest),
			after: (done) => {
				if (!fs.lstatSync(at("link")).isSymbolicLink()) throw new Wrong("the symlink is gone");
				checkFile("target", !done);
			},
		},
		"writeImage to a descriptor": {
			prepare: () => fs.writeFileSync(at("open"), ""),
			run: () => withFile(at("open"), "w", async (to) => check((await writeImage(tree, { to })).digest)),
			after: (done) => done && checkFile("open", false),
		},
		"writeImage to memory": {
			run: async () => {
				const { image, digest } = await writeImage(tree);
				check(digest);
				if (!bytes.equals(image)) throw new Wrong("the image");
			},
		},
		"writeImage for its digest": {
			run: async () => check((await writeImage(tree, { digestOnly: true })).digest),
		},
		"computeDigest of a path": { run: async () => check(await computeDigest(at("source"))) },
		"computeDigest of a descriptor": {
			run: () => withFile(at("source"), "r", async (file) => check(await computeDigest(file))),
		},
		"computeDigest of bytes": { run: async () => check(await computeDigest(bytes)) },
	};
}

async function withFile(name, mode, action) {
	const file = await open(name, mode);
	try {
		await action(file);
	} finally {
		await file.close();
	}
}

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

async function storeScenarios(folder) {
	const { computeDigest, writeImage } = await import("../lib/index.js");
	const { ObjectStore } = await import("../lib/store/index.js");
	const { fromDirectory } = await import("../lib/directory/index.js");
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
			if (!/^[0-9a-f]{2}\/[0-9a-f]{62}$/.test(name)) continue;
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
		...(process.env.FAULTS_MOUNT ? await mountScenario(at) : {}),
	};
}

async function mountScenario(at) {
	const { Tree, writeImage } = await import("../lib/index.js");
	const { mount, unmount } = await import("../lib/mount/index.js");
	const tree = new Tree();
	tree.writeFile("/file", Buffer.from("content"));
	await writeImage(tree, { to: at("mounted") });
	for (const name of ["mountpoint", "objects"]) fs.mkdirSync(at(name));
	const mounts = () => fs.readFileSync("/proc/self/mountinfo", "latin1").split("\n").length;
	const before = mounts();
	const leftover = () =>
		fs.readdirSync(process.env.TMPDIR ?? "/tmp").filter((name) => name.startsWith(".composefs")).length;
	const folders = leftover();
	return {
		mount: {
			run: async () => {
				await mount(at("mounted"), at("mountpoint"), { objects: [at("objects")] });
				if (fs.readFileSync(at("mountpoint/file"), "latin1") !== "content") throw new Wrong("the file");
			},
			after: async () => {
				await unmount(at("mountpoint")).catch(() => undefined);
				if (mounts() !== before) throw new Wrong(`${mounts() - before} mounts more`);
				if (leftover() !== folders) throw new Wrong("a folder is left");
			},
			codes: ["ERR_COMPOSEFS_MOUNT"],
		},
	};
}
