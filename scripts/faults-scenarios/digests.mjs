// Digests of many files, of files with an identity, by SHA-512, by several threads; the kernel's own.
import fs from "node:fs";
import path from "node:path";
import { equals, Wrong, withFile } from "./support.mjs";

/** Large enough for several threads, and no whole number of blocks. */
const SHARED_SIZE = (9 << 20) + 123;

export async function digestScenarios(folder) {
	const { computeDigest, computeDigests } = await import("../../lib/index.js");
	const at = (name) => path.join(folder, name);
	fs.mkdirSync(at("digested"));
	const files = [0, 1, 4096, 5000, 300_000].map((size) => {
		fs.writeFileSync(at(`digested/${size}`), Buffer.alloc(size, `${size}`));
		return at(`digested/${size}`);
	});
	fs.writeFileSync(at("digested/shared"), Buffer.alloc(SHARED_SIZE, "shared"));
	makeSparse(at("digested/sparse"));
	const [file, shared, sparse] = [files[3], at("digested/shared"), at("digested/sparse")];
	const identity = fs.lstatSync(file, { bigint: true });
	const ofFile = await computeDigest(fs.readFileSync(file));
	const ofFile512 = await computeDigest(fs.readFileSync(file), { algorithm: "sha512" });
	const ofShared = await computeDigest(fs.readFileSync(shared));
	const ofSparse = await computeDigest(fs.readFileSync(sparse));
	const all = await Promise.all(files.map((name) => computeDigest(fs.readFileSync(name))));
	const all512 = await Promise.all(
		files.map((name) => computeDigest(fs.readFileSync(name), { algorithm: "sha512" })),
	);
	/** Each has its digest, or an error of its own; the first one is thrown, so that it is looked at. */
	const many = async (expected, options) => {
		const missing = at("digested/missing");
		const found = await computeDigests([...files, missing], options);
		const absent = found.pop();
		if (absent?.code === undefined) throw new Wrong(`a digest of no file: ${absent}`);
		const failed = found.find((digest) => typeof digest !== "string");
		const others = found.filter((digest, i) => typeof digest === "string" && digest !== expected[i]);
		if (others.length > 0) throw new Wrong(`digests ${others}`);
		if (failed !== undefined) throw failed;
		if (absent.code !== "ENOENT") throw absent;
	};
	return {
		"computeDigests of many files": { run: () => many(all) },
		"computeDigests by SHA-512": { run: () => many(all512, { algorithm: "sha512" }) },
		"computeDigest by SHA-512": {
			run: async () => equals(ofFile512, await computeDigest(file, { algorithm: "sha512" })),
		},
		"computeDigest with an identity": {
			run: async () => equals(ofFile, await computeDigest(file, { identity })),
			// Calls that fail with these where a file is another one now.
			codes: ["ERR_COMPOSEFS_CHANGED"],
		},
		"computeDigest of a descriptor with an identity": {
			run: () =>
				withFile(file, "r", async (handle) => equals(ofFile, await computeDigest(handle, { identity }))),
			codes: ["ERR_COMPOSEFS_CHANGED"],
		},
		"computeDigest by several threads": { run: async () => equals(ofShared, await computeDigest(shared)) },
		"computeDigest of a sparse file": { run: async () => equals(ofSparse, await computeDigest(sparse)) },
		...(await verityScenarios(file)),
	};
}

function makeSparse(name) {
	const file = fs.openSync(name, "w");
	fs.writeSync(file, Buffer.alloc(5000, "head"), 0, 5000, 0);
	fs.writeSync(file, Buffer.alloc(5000, "tail"), 0, 5000, 600_000);
	fs.ftruncateSync(file, 1_000_000);
	fs.closeSync(file);
}

async function verityScenarios(file) {
	const { enable, measure } = await import("../../lib/verity.js");
	// Where the file system has fs-verity, the file is sealed from here on.
	const unsupported = await enable(file).then(
		() => undefined,
		(error) => error.code,
	);
	const sealed = await measure(file);
	const check = (found) => equals(JSON.stringify(sealed), JSON.stringify(found));
	return {
		"measureVerity of a path": { run: async () => check(await measure(file)) },
		"measureVerity of a descriptor": {
			run: () => withFile(file, "r", async (handle) => check(await measure(handle))),
		},
		"enableVerity of a path": {
			run: () => refused(enable(file), unsupported),
			after: async () => check(await measure(file)),
			codes: ["ERR_COMPOSEFS_VERITY"],
		},
		"enableVerity of a descriptor": {
			run: () => withFile(file, "r", (handle) => refused(enable(handle), unsupported)),
			after: async () => check(await measure(file)),
			codes: ["ERR_COMPOSEFS_VERITY"],
		},
	};
}

/** What ends with that code on this machine is done. */
async function refused(work, code) {
	try {
		await work;
	} catch (error) {
		if (error.code !== code) throw error;
	}
}
