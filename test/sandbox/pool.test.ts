import { getEventListeners } from "node:events";
import { expect, jest, test } from "@jest/globals";
import { SandboxChild } from "../../src/sandbox/child.ts";
import { Pool } from "../../src/sandbox/pool.ts";
import { describeLocked, entryOf, resources, settingsOf } from "../support/sandbox.ts";

const poolOf = (options: object, worker: "sandbox-worker" | "sandbox-worker-landlock" = "sandbox-worker") =>
	new Pool(settingsOf(options), entryOf(worker));

const request = (operation: string, text = "", signal?: AbortSignal) => ({
	operation,
	options: {},
	feed: async ({ write }: { write(bytes: Uint8Array): void }) => write(Buffer.from(text)),
	signal,
});

const closed = { code: "ERR_COMPOSEFS_SANDBOX", rule: "closed" };

describeLocked("a pool", () => {
	test("serves more requests than it has workers, each with its own answer", async () => {
		const pool = poolOf({ workers: 2 });
		await pool.start();
		const texts = Array.from({ length: 40 }, (_, index) => `text ${index}`);
		const answers = await Promise.all(texts.map((text) => pool.run(request("echo", text))));
		expect(answers.map(([answer]) => String(answer))).toEqual(texts);
		expect(resources().children.length).toBeLessThanOrEqual(2);
		await pool.close();
	});

	test("replaces workers that die: each costs one request", async () => {
		const pool = poolOf({ workers: 1, timeout: 5000 });
		await pool.start();
		const fates = await Promise.allSettled(
			["echo", "exit", "echo", "exit", "exit", "echo"].map((operation) =>
				pool.run(request(operation, "text")),
			),
		);
		expect(fates.map(({ status }) => status[0]).join("")).toBe("frfrrf");
		await pool.close();
	});

	test("a worker serves no more requests than it may", async () => {
		const pool = poolOf({ workers: 1, requestsPerWorker: 2 });
		const first = await pool.start();
		for (let count = 0; count < 5; count++) await pool.run(request("echo", "text"));
		expect(first.isOver).toBe(true);
		expect(first.served).toBe(2);
		await pool.close();
	});

	test("an aborted request that waits takes no worker", async () => {
		const pool = poolOf({ workers: 1 });
		const child = await pool.start();
		const controller = new AbortController();
		const hanging = pool.run(request("hang", "", controller.signal)).catch((reason) => reason);
		const waiting = new AbortController();
		const waits = pool.run(request("echo", "", waiting.signal));
		waiting.abort("gone");
		await expect(waits).rejects.toBe("gone");
		expect(child.isOver).toBe(false);
		controller.abort("enough");
		expect(await hanging).toBe("enough");
		await expect(pool.run(request("echo", "", AbortSignal.abort("before")))).rejects.toBe("before");
		expect(String(await pool.run(request("echo", "on")))).toBe("on");
		await pool.close();
	});

	test("bug: requests that waited with one signal had a listener each, of which Node warns", async () => {
		const pool = poolOf({ workers: 1 });
		await pool.start();
		const { signal } = new AbortController();
		const answers = Array.from({ length: 20 }, () => pool.run(request("echo", "text", signal)));
		expect(getEventListeners(signal, "abort").length).toBe(1);
		await Promise.all(answers);
		expect(getEventListeners(signal, "abort").length).toBe(0);
		await pool.close();
	});

	test("closing ends what is under way and what waits, and can be done twice", async () => {
		const before = resources().children;
		const pool = poolOf({ workers: 1 });
		await pool.start();
		const requests = ["hang", "echo", "echo"].map((operation) => pool.run(request(operation)));
		const fates = Promise.allSettled(requests);
		await Promise.all([pool.close(), pool.close()]);
		for (const fate of await fates) expect(fate).toMatchObject({ status: "rejected", reason: closed });
		await expect(pool.run(request("echo"))).rejects.toMatchObject(closed);
		expect(resources().children).toEqual(before);
	});

	test("where no worker can be started, it says so, and each request tries anew", async () => {
		const pool = poolOf({ workers: 1 }, "sandbox-worker-landlock");
		const refused = { code: "ERR_COMPOSEFS_UNSUPPORTED", rule: "seccomp" };
		await expect(pool.start()).rejects.toMatchObject(refused);
		await expect(pool.run(request("echo"))).rejects.toMatchObject(refused);
		await pool.close();
	});

	test("where no further worker can be started, requests wait for those that are there", async () => {
		const start = SandboxChild.start;
		const spy = jest.spyOn(SandboxChild, "start").mockImplementation((...settings) => {
			if (spy.mock.calls.length > 1) return Promise.reject(new Error("no more processes"));
			return start.apply(SandboxChild, settings);
		});
		const pool = poolOf({ workers: 2 });
		await pool.start();
		const texts = ["one", "two", "three"];
		const answers = await Promise.all(texts.map((text) => pool.run(request("echo", text))));
		spy.mockRestore();
		expect(answers.map(([answer]) => String(answer))).toEqual(texts);
		await pool.close();
	});

	/** A source that hears of nothing. */
	const silent = { ...request("echo"), feed: () => new Promise<void>(() => undefined) };

	test.each([false, true])(
		"bug: a source that does not come kept its worker for ever (gathered: %p)",
		async (isGathered) => {
			const pool = poolOf({ workers: 1, inputTimeout: 300 });
			const child = await pool.start();
			const late = { code: "ERR_COMPOSEFS_SANDBOX", rule: "timeout", limit: 300 };
			await expect(pool.run({ ...silent, isGathered })).rejects.toMatchObject(late);
			expect(child.isOver).toBe(false);
			expect((await pool.run(request("echo", "text"))).map(String)).toEqual(["text"]);
			await pool.close();
		},
	);

	test("bug: slow senders kept everybody waiting", async () => {
		const pool = poolOf({ workers: 1, inputTimeout: 2000 });
		const child = await pool.start();
		const slow = Array.from({ length: 20 }, () => pool.run({ ...silent, isGathered: true }));
		const fates = Promise.allSettled(slow);
		for (let count = 0; count < 5; count++)
			expect(String(await pool.run(request("echo", "fast")))).toBe("fast");
		const late = { status: "rejected", reason: { rule: "timeout", limit: 2000 } };
		for (const fate of await fates) expect(fate).toMatchObject(late);
		expect(child.served).toBe(5);
		await pool.close();
	});

	test("what is gathered goes in as it came", async () => {
		const pool = poolOf({ workers: 1, inputSize: 2 ** 23 });
		const piece = Buffer.alloc(1_000_003, "0123456789");
		const gathered = (pieces: readonly Uint8Array[]) => ({
			...request("echo"),
			isGathered: true,
			feed: async ({ write }: { write(bytes: Uint8Array): void }) => {
				for (const bytes of pieces) {
					await null;
					write(bytes);
				}
			},
		});
		await pool.start();
		const bytes = Array.from({ length: 10_000 }, (_, index) => Buffer.of(index));
		for (const pieces of [[], [piece, piece, piece], [...bytes, piece, ...bytes]])
			expect((await pool.run(gathered(pieces)))[0]?.equals(Buffer.concat(pieces))).toBe(true);
		const tooLarge = pool.run(gathered(Array(9).fill(piece)));
		await expect(tooLarge).rejects.toMatchObject({ code: "ERR_COMPOSEFS_BLOB", rule: "input-size" });
		await pool.close();
	});

	test.each([false, true])(
		"bug: closing left a request whose input does not come as it was (gathered: %p)",
		async (isGathered) => {
			const pool = poolOf({ workers: 1 });
			await pool.start();
			const fate = pool.run({ ...silent, isGathered }).catch((reason) => reason);
			await new Promise((resolve) => setTimeout(resolve, 20));
			await pool.close();
			expect(await fate).toMatchObject(closed);
		},
	);

	test("of more requests than may be under way, the next is rejected at once", async () => {
		const pool = poolOf({ workers: 1, requests: 3 });
		await pool.start();
		const controller = new AbortController();
		const { signal } = controller;
		const fates = [pool.run({ ...silent, isGathered: true, signal }), pool.run(request("hang", "", signal))];
		const last = pool.run(request("echo", "last"));
		const busy = { code: "ERR_COMPOSEFS_SANDBOX", rule: "busy", limit: 3 };
		await expect(pool.run(request("echo"))).rejects.toMatchObject(busy);
		controller.abort("enough");
		for (const fate of fates) await expect(fate).rejects.toBe("enough");
		expect(String(await last)).toBe("last");
		expect(String(await pool.run(request("echo", "on")))).toBe("on");
		await pool.close();
	});

	test("bug: who waited was told of a worker that cannot be started, though another was about to be there", async () => {
		const start = SandboxChild.start;
		const pool = poolOf({ workers: 2 });
		const spy = jest.spyOn(SandboxChild, "start").mockImplementation((...settings) => {
			if (spy.mock.calls.length === 1) return Promise.reject(new Error("no more processes"));
			return start.apply(SandboxChild, settings);
		});
		const answer = await pool.run(request("echo", "text"));
		spy.mockRestore();
		expect(String(answer)).toBe("text");
		await pool.close();
	});

	test("a source that fails costs no worker", async () => {
		const pool = poolOf({ workers: 1 });
		const child = await pool.start();
		const feed = async () => {
			throw new Error("no source");
		};
		await expect(pool.run({ ...request("echo"), feed })).rejects.toThrow("no source");
		expect(child.isOver).toBe(false);
		expect(String(await pool.run(request("echo", "on")))).toBe("on");
		await pool.close();
	});
});
