// A store that has objects: they are looked at, read, checked and removed, and more are put. What failed has to work in
// the same store afterwards.
import fs from "node:fs";
import path from "node:path";
import { equals, OBJECT, retried, Wrong } from "./support.mjs";

const ABSENT = "0".repeat(64);
const CONTENTS = [1, 10, 5000, 300_000].map((size) => Buffer.alloc(size, "object"));
const KEPT = 2;
const OWN = /^([0-9a-f]{2}|\.lock|\.digests)$/;

export async function objectScenarios(folder) {
	const composefs = await import("../../lib/index.js");
	const { ObjectStore } = await import("../../lib/store/index.js");
	const filled = new Filled(path.join(folder, "filled"), composefs, ObjectStore);
	await filled.makeAnew();
	return {
		...readingScenarios(filled),
		...removingScenarios(filled),
		...writingScenarios(filled, folder),
		...(await letGoScenarios(filled)),
	};
}

/** The store, and what must be true of it. */
class Filled {
	constructor(root, composefs, ObjectStore) {
		Object.assign(this, { root, composefs, ObjectStore });
	}

	async makeAnew() {
		fs.rmSync(this.root, { recursive: true, force: true });
		await this.open({}, async (store) => {
			this.objects = await Promise.all(CONTENTS.map((content) => store.put(content)));
		});
		this.kept = this.objects[KEPT];
		this.image ??= await this.imageOf([this.kept]);
		this.whole ??= await this.imageOf(this.objects);
	}

	async imageOf(objects) {
		const { Tree, writeImage } = this.composefs;
		const tree = new Tree();
		for (const { size, digest, path: object } of objects)
			tree.writeFile(`/${digest}`, { size, digest, path: object });
		return (await writeImage(tree)).image;
	}

	async open(options, action) {
		const store = await this.ObjectStore.open(this.root, { sync: "never", ...options });
		try {
			await action(store);
		} finally {
			await store.close();
		}
	}

	/**
	 * Nobody holds it any more: gc removes what a writer could not. Those objects are there, all are what their names say,
	 * and there is nothing else.
	 */
	async check(needed) {
		const found = fs.readdirSync(this.root, { recursive: true }).filter((name) => OBJECT.test(name));
		const lost = needed.filter((object) => !found.includes(object.path));
		if (lost.length > 0) throw new Wrong(`lost: ${lost.map((object) => object.path)}`);
		await this.open({}, async (store) => {
			equals("", `${(await store.fsck()).bad.map(({ message }) => message)}`);
			await store.gc([this.whole]);
		});
		const known = this.objects.map((object) => object.path);
		const left = fs
			.readdirSync(this.root, { recursive: true })
			.filter((name) => !OWN.test(name) && !known.includes(name));
		if (left.length > 0) throw new Wrong(`left: ${left}`);
		if (needed.length < known.length) await this.makeAnew();
	}

	/** One thing that is done in the open store, more than once if it fails. */
	scenario(action, more = {}) {
		return {
			run: () => this.open({}, (store) => retried((attempt) => action(store, attempt))),
			after: () => this.check(this.objects),
			...more,
		};
	}
}

function readingScenarios(filled) {
	const { ComposefsError } = filled.composefs;
	/** An object that is told to be unsound, or worse, is a failure of the call that is let fail; else it is wrong. */
	const unreadable = (message) => {
		const [code = "EIO"] = /E[A-Z]{3,}/.exec(message) ?? [];
		throw new ComposefsError(code, message, { syscall: "inspect" });
	};
	return {
		"store: has": filled.scenario(async (store) => {
			const found = [await store.has(filled.kept.digest), await store.has(ABSENT)];
			equals("true,false", `${found}`);
		}),
		"store: verify": filled.scenario(async (store) => {
			const large = filled.objects.at(-1).digest;
			const sound = [await store.verify(large), await store.verify(large, { trust: "verity" })];
			if (sound.includes(false)) unreadable("not sound");
		}),
		"store: open": filled.scenario(async (store) => {
			const file = await store.open(filled.kept.digest);
			const bytes = await file.readFile().finally(() => file.close());
			if (!bytes.equals(CONTENTS[KEPT])) throw new Wrong(`${bytes.length} bytes`);
		}),
		"store: missing": filled.scenario(async (store) => {
			equals("", `${(await store.missing(filled.image)).map((object) => object.path)}`);
		}),
		"store: fsck": filled.scenario(async (store) => {
			const { objects, bad } = await store.fsck([filled.image]);
			const [first] = bad;
			// What this process lacks says nothing of an object.
			if (/ENOMEM|EMFILE|EINTR/.test(first?.message)) throw new Wrong(first.message);
			if (first !== undefined) unreadable(`${first.problem}: ${first.message}`);
			equals(CONTENTS.length, objects);
		}),
	};
}

function removingScenarios(filled) {
	return {
		"store: gc": {
			run: () =>
				filled.open({}, async (store) => {
					await retried(async (attempt) => {
						const { kept, removed } = await store.gc([filled.image]);
						equals(1, kept);
						if (attempt === 1) equals(CONTENTS.length - 1, removed.length);
					});
				}),
			after: (done) => {
				const left = filled.objects.filter((object) => fs.existsSync(path.join(filled.root, object.path)));
				if (done) equals(filled.kept.path, `${left.map((object) => object.path)}`);
				return filled.check([filled.kept]);
			},
		},
		"store: gc, and a put": {
			run: () =>
				filled.open({}, async (store) => {
					const failure = await store.gc([filled.image], { dryRun: true }).catch((error) => error);
					await retried(() => store.put(CONTENTS[KEPT]));
					if (failure instanceof Error) throw failure;
				}),
			after: () => filled.check(filled.objects),
		},
	};
}

function writingScenarios(filled, folder) {
	const at = (name) => path.join(folder, name);
	fs.mkdirSync(at("found"));
	const files = CONTENTS.map((content, i) => {
		fs.writeFileSync(at(`found/${i}`), content);
		return foundFile(at(`found/${i}`));
	});
	const prepare = () => {
		fs.rmSync(filled.root, { recursive: true, force: true });
		fs.mkdirSync(filled.root);
	};
	const anew = { prepare, after: () => filled.check([]) };
	const put = (options, work) => ({
		...anew,
		run: () => filled.open(options, (store) => retried((attempt) => work(store, attempt))),
	});
	const putFiles = async (store) => {
		const results = await store.putFiles(files);
		const failure = results.find((result) => result instanceof Error);
		if (failure !== undefined) throw failure;
		equals(`${filled.objects.map(({ path: object }) => object)}`, `${results.map((result) => result.path)}`);
	};
	let streamed;
	const stream = async (store) => {
		streamed ??= await filled.composefs.computeDigest(await bytesOf(pieces()));
		equals(streamed, (await store.put(pieces())).digest);
		await store.flush();
	};
	const owner = { uid: process.getuid(), gid: process.getgid() };
	return {
		"store: open anew": {
			run: async () => {
				const store = await filled.ObjectStore.open(at("anew"));
				await store.close();
			},
			after: () => fs.rmSync(at("anew"), { recursive: true, force: true }),
		},
		"store: with owner and modes": put({ owner, mode: 0o600, folderMode: 0o700, sync: "put" }, (store) =>
			store.put(CONTENTS[KEPT]),
		),
		"store: putFiles": put({}, putFiles),
		"store: putFiles, flushed": put({ sync: "flush" }, async (store) => {
			await putFiles(store);
			await store.flush();
		}),
		"store: put what is there": {
			run: () =>
				filled.open({ trust: "content" }, (store) =>
					retried(() => Promise.all(CONTENTS.map((content) => store.put(content)))),
				),
			after: () => filled.check(filled.objects),
		},
		"store: stream": put({}, stream),
		"store: stream, and gc": {
			...anew,
			run: () =>
				filled.open({}, async (store) => {
					const failure = await store.put(pieces()).catch((error) => error);
					await retried(() => store.gc([filled.image], { dryRun: true }));
					if (failure instanceof Error) throw failure;
				}),
		},
	};
}

/** What lets go of something, by itself: what fails in it would be held for good. */
async function letGoScenarios(filled) {
	const { awaitJob, callNative } = await import("../../lib/native.js");
	const { toNativeOptions } = await import("../../lib/store/options.js");
	const options = toNativeOptions(Buffer.from(filled.root), { sync: "never" });
	const open = async (action) => {
		const store = await awaitJob((addon) => addon.openStore(options));
		try {
			return await action(store);
		} finally {
			await awaitJob(() => store.close());
		}
	};
	const isFree = async (store) => {
		if ((await retried(() => awaitJob(() => store.lockAlone()))) === null)
			throw new Wrong("it is not let go of");
	};
	return {
		"store: alone, and no more": {
			isShort: true,
			run: () =>
				open(async (store) => {
					await awaitJob(() => store.begin());
					const failure = await alone(awaitJob, store).catch((error) => error);
					if (!(await retried(() => awaitJob(() => store.begin())))) throw new Wrong("it is not let go of");
					if (failure instanceof Error) throw failure;
				}),
			after: () => filled.check(filled.objects),
		},
		"store: a stream that is discarded": {
			isShort: true,
			run: () =>
				open(async (store) => {
					await awaitJob(() => store.begin());
					const stream = callNative(() => store.stream());
					const failure = await discarded(awaitJob, stream).catch((error) => error);
					await isFree(store);
					if (failure instanceof Error) throw failure;
				}),
			after: () => filled.check(filled.objects),
		},
	};
}

async function alone(awaitJob, store) {
	const own = await awaitJob(() => store.lockAlone());
	if (own === null) throw new Wrong("somebody else has it");
	await awaitJob(() => store.unlock());
}

async function discarded(awaitJob, stream) {
	try {
		await awaitJob(() => stream.write([Buffer.alloc(5000)]));
	} finally {
		await awaitJob(() => stream.discard());
	}
}

function foundFile(name) {
	const { dev, ino, size, mtimeNs, ctimeNs } = fs.lstatSync(name, { bigint: true });
	return {
		path: name,
		size: Number(size),
		packedIdentity: BigInt64Array.of(dev, ino, size, mtimeNs, ctimeNs),
	};
}

async function bytesOf(chunks) {
	const parts = [];
	for await (const chunk of chunks) parts.push(chunk.hole === undefined ? chunk : Buffer.alloc(chunk.hole));
	return Buffer.concat(parts);
}

/** More than one call's bytes, so that it is no content that is put as a whole. */
async function* pieces() {
	for (let i = 0; i < 3; i++) yield Buffer.alloc(300_000, `piece ${i}`);
	yield { hole: 50_000 };
}
