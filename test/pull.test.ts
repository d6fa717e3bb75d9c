import { describe, expect, test } from "@jest/globals";
import { ChunkPull } from "../src/pull.ts";

const text = (chunk: Uint8Array | undefined) => chunk && Buffer.from(chunk).toString();

describe("chunks", () => {
	test("come one at a time, without empty ones, as views", async () => {
		const bytes = Buffer.from("abc");
		const pull = new ChunkPull([bytes, new Uint8Array(0), new Uint8Array([0x64])]);
		const first = await pull.next();
		expect(first?.buffer).toBe(bytes.buffer);
		expect([text(first), text(await pull.next()), await pull.next(), await pull.next()]).toEqual([
			"abc",
			"d",
			undefined,
			undefined,
		]);
	});

	test("that were peeked at come again", async () => {
		const pull = new ChunkPull([Buffer.from("a"), Buffer.from("bc"), Buffer.from("d")]);
		expect(text(await pull.peek(2))).toBe("abc");
		expect([text(await pull.next()), text(await pull.next()), await pull.next()]).toEqual([
			"abc",
			"d",
			undefined,
		]);
		expect(await new ChunkPull([]).peek(4)).toHaveLength(0);
	});

	test("of what is no source are refused", async () => {
		for (const source of [undefined, null, 1, "text", {}])
			expect(() => new ChunkPull(source as never)).toThrow(
				expect.objectContaining({ code: "ERR_COMPOSEFS_ARGUMENT", rule: "source" }),
			);
		await expect(new ChunkPull(["text"] as never).next()).rejects.toMatchObject({ rule: "source" });
	});
});

describe("closing", () => {
	test("ends the source, once, and not one that has ended", async () => {
		let closed = 0;
		const source = {
			[Symbol.iterator]: () => ({
				next: () => ({ done: true, value: undefined }),
				return: () => ({ done: true, value: closed++ }),
			}),
		};
		const whole = new ChunkPull(source as never);
		await whole.next();
		await whole.close();
		expect(closed).toBe(0);
		const early = new ChunkPull(source as never);
		await early.close();
		await early.close();
		expect([closed, await early.next()]).toEqual([1, undefined]);
	});

	test("does not wait for a source that was left waiting", async () => {
		const controller = new AbortController();
		const stuck = async function* () {
			await new Promise(() => undefined);
			yield Buffer.alloc(1);
		};
		const pull = new ChunkPull(stuck(), controller.signal);
		const next = pull.next();
		controller.abort(new Error("enough"));
		await expect(next).rejects.toThrow("enough");
		await pull.close();
	});

	test.each(["while it is asked", "before it is asked"])(
		"bug: a signal that aborts %s was not seen",
		async (when) => {
			const controller = new AbortController();
			const abort = () => controller.abort(new Error("enough"));
			const stuck = async function* () {
				yield Buffer.alloc(1);
				if (when === "while it is asked") abort();
				await new Promise(() => undefined);
			};
			const pull = new ChunkPull(stuck(), controller.signal);
			await pull.next();
			if (when === "before it is asked") abort();
			await expect(pull.next()).rejects.toThrow("enough");
			await pull.close();
		},
	);
});
