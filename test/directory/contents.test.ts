import { writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { Content, type FileStore, takeContents } from "../../src/directory/contents.ts";
import { decodeRecords, type ScanRecord } from "../../src/directory/decode.ts";
import { Place } from "../../src/directory/place.ts";
import { ComposefsError } from "../../src/errors.ts";
import { directory, type ExternalFile, file } from "../../src/inode.ts";
import { nameToBytes } from "../../src/names.ts";
import { packRecords, plainRecord } from "../support/pack-records.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const signal = new AbortController().signal;
const DIGEST = "ab".repeat(32);

function contents(count: number, size = 100n): Content[] {
	const root = Place.root("/source");
	return Array.from({ length: count }, (_, i) => {
		const [record] = decodeRecords(packRecords([plainRecord({ identity: [1n, BigInt(i), size, 3n] })]));
		const inode = file({ size: Number(size) }) as ExternalFile;
		return new Content(record as ScanRecord, root.child(`${i}`, directory()), inode);
	});
}

/** A store that does what it is told, and counts. */
function storeOf(put: (path: string) => Promise<string>) {
	const state = { running: 0, most: 0, puts: 0 };
	const store: FileStore = {
		async put({ file }) {
			state.most = Math.max(state.most, ++state.running);
			state.puts++;
			try {
				return { digest: await put(Buffer.from(file).toString()), path: "ab/rest" };
			} finally {
				state.running--;
			}
		},
	};
	return { state, store };
}

const fail = (_content: Content, error: ComposefsError) => {
	throw error;
};

describe("contents", () => {
	test("complete their inodes, several of one too", async () => {
		const { store } = storeOf(async () => DIGEST);
		const list = contents(3);
		list[1]?.inodes.push(file({ size: 100 }) as ExternalFile);
		const done: Content[] = [];
		const events = { done: (content: Content) => void done.push(content), failed: fail };
		await takeContents(list, { store, threads: 2, signal }, events);
		expect(done).toEqual(list);
		for (const { inodes } of list)
			for (const inode of inodes) expect(inode).toMatchObject({ digest: DIGEST, path: "ab/rest" });
	});

	test("go to the store in batches, where it takes them so", async () => {
		const { store, state } = storeOf(async () => DIGEST);
		const lost = new ComposefsError("ENOENT", "lost", { path: "/source/70" });
		const batches: number[] = [];
		const putFiles: NonNullable<FileStore["putFiles"]> = async (files) => {
			batches.push(files.length);
			const stored = { digest: DIGEST, path: "ab/rest" };
			return files.map(({ path }) => (path === "/source/70" ? lost : stored));
		};
		const told: unknown[] = [];
		const done: Content[] = [];
		const events = {
			done: (content: Content) => void done.push(content),
			failed: ({ path }: Content, { code }: ComposefsError) => void told.push([path, code]),
		};
		const list = contents(300);
		await takeContents(list, { store: { ...store, putFiles }, threads: 2, signal }, events);
		expect([state.puts, batches, done.length]).toEqual([0, [256, 44], 299]);
		expect(told).toEqual([["/source/70", "ERR_COMPOSEFS_CHANGED"]]);
		expect(list[0]?.inodes).toMatchObject([{ digest: DIGEST, path: "ab/rest" }]);
	});

	test("travel in bounded numbers", async () => {
		const { store, state } = storeOf(() => new Promise((resolve) => setTimeout(resolve, 2, DIGEST)));
		await takeContents(contents(500), { store, threads: 2, signal }, { done() {}, failed: fail });
		expect(state).toMatchObject({ running: 0, puts: 500 });
		expect(state.most).toBeLessThanOrEqual(128);
		const large = storeOf(() => new Promise((resolve) => setTimeout(resolve, 2, DIGEST)));
		await takeContents(
			contents(20, 2n ** 30n),
			{ store: large.store, threads: 2, signal },
			{ done() {}, failed: fail },
		);
		expect(large.state.most).toBeLessThanOrEqual(2);
	});

	test("what fails is told of, and ends it if that throws", async () => {
		const lost = new ComposefsError("ENOENT", "lost", { path: "/source/5" });
		const { store, state } = storeOf(async (path) => {
			if (path === "/source/5") throw lost;
			return DIGEST;
		});
		const told: unknown[] = [];
		const failed = ({ path }: Content, { code, cause }: ComposefsError) =>
			void told.push([path, code, cause]);
		await takeContents(contents(200), { store, threads: 1, signal }, { done() {}, failed });
		expect(told).toEqual([["/source/5", "ERR_COMPOSEFS_CHANGED", lost]]);
		expect(state.puts).toBe(200);
		const ended = takeContents(contents(200), { store, threads: 1, signal }, { done() {}, failed: fail });
		await expect(ended).rejects.toMatchObject({ code: "ERR_COMPOSEFS_CHANGED" });
		expect(state.puts).toBeLessThan(300);
	});

	test("what the store lacks is no change of the file", async () => {
		const { store } = storeOf(async () => {
			throw new ComposefsError("ENOENT", "no store", { path: "/store/x" });
		});
		const taken = takeContents(contents(1), { store, threads: 1, signal }, { done() {}, failed: fail });
		await expect(taken).rejects.toMatchObject({ code: "ENOENT", path: "/store/x" });
	});

	test("an abort waits for what has begun", async () => {
		const controller = new AbortController();
		const { store, state } = storeOf(async () => {
			controller.abort(new Error("enough"));
			await new Promise((resolve) => setTimeout(resolve, 20));
			return DIGEST;
		});
		const taken = takeContents(
			contents(200),
			{ store, threads: 1, signal: controller.signal },
			{ done() {}, failed: fail },
		);
		await expect(taken).rejects.toThrow("enough");
		expect(state).toMatchObject({ running: 0, puts: 64 });
	});

	test("without a store, files that are not what they were fail", async () => {
		writeFileSync(at("other"), "x".repeat(100));
		const [content] = contents(1);
		content?.places.splice(0, 1, Place.root(at()).child("other", directory()));
		expect(nameToBytes(content?.path ?? "").toString()).toBe(at("other"));
		const taken = takeContents(
			[content as Content],
			{ store: undefined, threads: 1, signal },
			{ done() {}, failed: fail },
		);
		await expect(taken).rejects.toMatchObject({ code: "ERR_COMPOSEFS_CHANGED", path: at("other") });
	});
});
