import { describe, expect, test } from "@jest/globals";
import type { NativeContent, NativeFailure, NativeStore, NativeStored } from "../../src/native.ts";
import { PutQueue } from "../../src/store/queue.ts";

/** A store that keeps what it is given until it is told to answer. */
class SlowStore {
	readonly jobs: {
		readonly items: readonly NativeContent[];
		readonly end: () => void;
		cancelled: boolean;
	}[] = [];

	put(items: readonly NativeContent[]) {
		const job = { items, cancelled: false, end: () => {} };
		const promise = new Promise<(NativeStored | NativeFailure)[]>((resolve, reject) => {
			job.end = () => (job.cancelled ? reject({ cancelled: true }) : resolve(items.map(answer)));
		});
		this.jobs.push(job);
		const cancel = () => {
			job.cancelled = true;
			job.end();
		};
		return { promise, cancel };
	}
}

function answer(item: NativeContent): NativeStored | NativeFailure {
	if (!("bytes" in item)) return { errno: 2, syscall: "open" };
	return { digest: `${item.bytes[0]}`, path: "", size: 0, existed: false };
}

function queueOf(parallel: number) {
	const store = new SlowStore();
	const queue = new PutQueue(store as unknown as NativeStore, parallel);
	const put = (value: number, { size = 1, signal }: { size?: number; signal?: AbortSignal } = {}) =>
		queue.add({ content: { bytes: Uint8Array.of(value) }, file: undefined, size, signal });
	const counts = () => store.jobs.map(({ items }) => items.length);
	return { store, queue, put, counts };
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe("jobs of others", () => {
	test("run as those of the queue do, no more than may at a time", async () => {
		const { store, queue, put, counts } = queueOf(1);
		const ends: ((value: string) => void)[] = [];
		const job = () => new Promise<string>((resolve) => void ends.push(resolve));
		const first = queue.run(job);
		const second = queue.run(job);
		const third = put(3);
		await nextTurn();
		expect([ends.length, counts()]).toEqual([1, []]);
		ends[0]?.("first");
		expect(await first).toBe("first");
		await nextTurn();
		expect(ends.length + counts().length).toBe(2);
		ends[1]?.("second");
		expect(await second).toBe("second");
		await nextTurn();
		expect(counts()).toEqual([1]);
		store.jobs[0]?.end();
		expect((await third).digest).toBe("3");
	});

	test("one that fails makes room for the next", async () => {
		const { queue } = queueOf(1);
		const failed = queue.run(() => Promise.reject(new Error("lost")));
		const next = queue.run(async () => "next");
		await expect(failed).rejects.toThrow("lost");
		expect(await next).toBe("next");
	});
});

describe("the queue", () => {
	test("puts together what comes at once, shared among the jobs", async () => {
		const { store, put, counts } = queueOf(2);
		const puts = [1, 2, 3, 4, 5].map((value) => put(value));
		expect(counts()).toEqual([]);
		await nextTurn();
		expect(counts()).toEqual([3, 2]);
		for (const { end } of store.jobs) end();
		expect((await Promise.all(puts)).map(({ digest }) => digest)).toEqual(["1", "2", "3", "4", "5"]);
	});

	test("has no more jobs than it may; what comes meanwhile goes when one has ended", async () => {
		const { store, put, counts } = queueOf(1);
		const puts = [put(1)];
		await nextTurn();
		puts.push(put(2), put(3));
		await nextTurn();
		expect(counts()).toEqual([1]);
		store.jobs[0]?.end();
		await puts[0];
		await nextTurn();
		expect(counts()).toEqual([1, 2]);
		store.jobs[1]?.end();
		await Promise.all(puts);
	});

	test("large contents travel alone, and no job has too many", async () => {
		const { put, counts } = queueOf(8);
		void put(1, { size: 1 << 23 });
		void put(2, { size: 1 << 23 });
		await nextTurn();
		expect(counts()).toEqual([1, 1]);
		for (let i = 0; i < 1000; i++) void put(i);
		await nextTurn();
		expect(counts().slice(2)).toEqual([64, 64, 64, 64, 64, 64]);
	});

	test("a signal stops its own, and no others", async () => {
		const { store, put, counts } = queueOf(4);
		const controller = new AbortController();
		const reason = new Error("enough");
		const aborted = [put(1, controller), put(2, controller)].map((one) => expect(one).rejects.toBe(reason));
		const other = put(3);
		await nextTurn();
		expect(counts().reduce((a, b) => a + b)).toBe(3);
		controller.abort(reason);
		for (const { end } of store.jobs) end();
		await Promise.all(aborted);
		expect((await other).digest).toBe("3");
	});

	test("what went wrong with one is that one's", async () => {
		const { store, queue, put } = queueOf(1);
		const good = put(1);
		const content = { path: Buffer.from("file") };
		const bad = queue.add({ content, file: "file", size: 0, signal: undefined });
		await nextTurn();
		store.jobs[0]?.end();
		expect((await good).digest).toBe("1");
		await expect(bad).rejects.toMatchObject({ code: "ENOENT", path: "file" });
	});
});
