import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { readTar } from "../../src/tar/read.ts";
import { collect, inChunks, readArchive } from "../support/read-archive.ts";
import { archive, gnuLong, gnuSparse, header, padded, pax, paxSparse } from "../support/tar-writer.ts";

/** One of everything. */
const everything = (): Buffer =>
	archive(
		header({ name: "d/", typeflag: "5" }),
		header({ name: "a", size: 700 }),
		padded("x".repeat(700)),
		gnuLong("L", "long".repeat(50)),
		gnuLong("K", "target".repeat(50)),
		header({ typeflag: "2", linkName: "t", format: "gnu" }),
		pax([["comment", "y"]], "g"),
		pax([
			["mtime", "1.25"],
			["SCHILY.xattr.user.x", "a\nb"],
		]),
		header({ name: "b", size: 3 }),
		padded("abc"),
		gnuSparse({ name: "old" }, [1024, 512, 4096, 1], 9000),
		padded(Buffer.alloc(513, "s")),
		paxSparse("1.0", { name: "new", size: 9000, map: [0, 2, 4096, 3], data: Buffer.from("12345") }),
	);

/** All that an archive holds, as one string: quicker to compare than buffers are. */
async function report(source: Iterable<Uint8Array>): Promise<string> {
	let text = "";
	for (const { name, mtimeNs, linkName, xattrs, bytes, offset } of await readArchive(source)) {
		const values = [...(xattrs ?? [])].flat().map(String);
		text += [name, mtimeNs, linkName, ...values, bytes.toString("latin1"), offset, "\n"].join(" ");
	}
	return text;
}

describe("however it comes", () => {
	const bytes = everything();

	test("whole, by bytes, and by any size of chunks: the same", async () => {
		const names = (await readArchive(bytes)).map(({ name }) => name);
		expect(names).toEqual(["d/", "a", "long".repeat(50), "b", "old", "new"]);
		const whole = await report([bytes]);
		for (const size of [1, 2, 3, 5, 511, 512, 513, 1000, 1024, 4096])
			expect(await report(inChunks(bytes, size))).toBe(whole);
	});

	test("cut in two at each byte: the same", async () => {
		const whole = await report([bytes]);
		for (let at = 0; at <= bytes.length; at++)
			if ((await report([bytes.subarray(0, at), bytes.subarray(at)])) !== whole)
				throw new Error(`cut at ${at}`);
	});

	test("and what is not read is skipped", async () => {
		for (const size of [1, 100, 512, 100_000]) {
			const names: string[] = [];
			for await (const { name } of readTar(inChunks(bytes, size))) names.push(name);
			expect(names).toHaveLength(6);
		}
	});

	test("and what is read in part is skipped from there", async () => {
		const names: string[] = [];
		for await (const entry of readTar(inChunks(bytes, 100))) {
			names.push(entry.name);
			for await (const _ of entry.content()) break;
		}
		expect(names).toHaveLength(6);
	});

	test("truncated at any length: an error, and only whole entries before it", async () => {
		const names = (await readArchive(bytes)).map(({ name }) => name);
		for (let length = 0; length < bytes.length; length++) {
			let count = 0;
			const read = async () => {
				for await (const entry of readTar([bytes.subarray(0, length)])) {
					if (entry.name !== names[count]) throw new Error(`${entry.name} at ${length}`);
					await collect(entry.content());
					count++;
				}
			};
			const { code, rule } = await read().catch((error) => error);
			if (code !== "ERR_COMPOSEFS_TAR" || rule !== "truncated")
				throw new Error(`${code} ${rule} at ${length}`);
		}
	});

	test("damaged anywhere: entries or an error of this package, soon", async () => {
		const numRuns = Number(process.env.FUZZ_RUNS ?? 2000);
		const damage = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });
		await fc.assert(
			fc.asyncProperty(damage, fc.boolean(), async (changes, mend) => {
				const damaged = Buffer.from(bytes);
				for (const [at, byte] of changes) damaged[at] = byte;
				if (mend) mendSums(damaged);
				await readOrRefuse(damaged);
			}),
			{ numRuns },
		);
	});
});

/** Puts right sums into whatever looks like a header, so that damage gets further. */
function mendSums(bytes: Buffer): void {
	for (let at = 0; at + 512 <= bytes.length; at += 512) {
		const block = bytes.subarray(at, at + 512);
		if (!block.subarray(257, 262).equals(Buffer.from("ustar"))) continue;
		block.fill(" ", 148, 156);
		const sum = block.reduce((total, byte) => total + byte, 0);
		block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
	}
}

async function readOrRefuse(bytes: Buffer): Promise<void> {
	try {
		for await (const entry of readTar([bytes]))
			for await (const chunk of entry.content())
				if (!(chunk instanceof Uint8Array)) expect(chunk.hole).toBeGreaterThan(0);
	} catch (error) {
		expect(error).toMatchObject({ name: "ComposefsError", code: "ERR_COMPOSEFS_TAR" });
	}
}

describe("content", () => {
	const bytes = archive(header({ size: 1000 }), padded("x".repeat(1000)), header({ name: "next" }));

	test("is a view of what the source gave", async () => {
		for await (const entry of readTar([bytes]))
			for await (const chunk of entry.content()) expect((chunk as Uint8Array).buffer).toBe(bytes.buffer);
	});

	test("can be asked for once", async () => {
		for await (const entry of readTar([bytes])) {
			entry.content();
			expect(() => entry.content()).toThrow(expect.objectContaining({ code: "ERR_COMPOSEFS_ARGUMENT" }));
		}
	});

	test("is over with its turn", async () => {
		const entries = readTar(inChunks(bytes, 100));
		const { value: entry } = await entries.next();
		const content = entry.content()[Symbol.asyncIterator]();
		await content.next();
		await entries.next();
		await expect(content.next()).rejects.toMatchObject({ code: "ERR_COMPOSEFS_ARGUMENT", rule: "content" });
		expect(() => entry.content()).toThrow(expect.objectContaining({ rule: "content" }));
	});

	test("cannot be read while the next entry is asked for", async () => {
		const waiting = async function* () {
			yield bytes.subarray(0, 600);
			await new Promise((resolve) => setTimeout(resolve, 20));
			yield bytes.subarray(600);
		};
		const entries = readTar(waiting());
		const { value: entry } = await entries.next();
		const content = entry.content()[Symbol.asyncIterator]();
		await content.next();
		const pending = content.next();
		await expect(entries.next()).rejects.toMatchObject({ code: "ERR_COMPOSEFS_ARGUMENT", rule: "content" });
		// That call has closed the archive: whether the piece still comes depends on who is first.
		await Promise.allSettled([pending]);
	});
});

async function* withHeader(rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
	try {
		yield header();
	} finally {
		await rest.next();
		await rest.return(undefined);
	}
}

describe("sources", () => {
	test("are asked for no more than is needed", async () => {
		const bytes = archive(header({ size: 100_000 }), padded(Buffer.alloc(100_000)), header());
		let given = 0;
		const source = function* () {
			for (const chunk of inChunks(bytes, 512)) {
				given += chunk.length;
				yield chunk;
			}
		};
		const entries = readTar(source());
		await entries.next();
		expect(given).toBe(512);
		await entries.return(undefined);
		expect(given).toBe(512);
	});

	test("are told when nobody wants more", async () => {
		let closed = false;
		const source = function* () {
			try {
				for (;;) yield header();
			} finally {
				closed = true;
			}
		};
		for await (const _ of readTar(source())) break;
		expect(closed).toBe(true);
	});

	test("bug: what they throw when they are left stood in for what was wrong", async () => {
		const source = async function* () {
			try {
				yield Buffer.alloc(512, "x");
			} finally {
				// biome-ignore lint/correctness/noUnsafeFinally: this is what is tested
				throw new Error("of the source");
			}
		};
		await expect(readArchive(source())).rejects.toMatchObject({ rule: "checksum" });
		const left = async () => {
			for await (const _ of readTar(withHeader(source()))) break;
		};
		await expect(left()).rejects.toThrow("of the source");
	});

	test("may fail: what they throw comes out", async () => {
		const reason = new Error("gone");
		const source = async function* () {
			yield header();
			throw reason;
		};
		await expect(readArchive(source())).rejects.toBe(reason);
	});

	test("that never wait do not stall the event loop, nor outlast an abort", async () => {
		const endless = function* () {
			const some = Buffer.concat(Array.from({ length: 100 }, () => header()));
			for (;;) yield some;
		};
		const reason = new Error("enough");
		const controller = new AbortController();
		let turns = 0;
		const timer = setInterval(() => turns++ > 20 && controller.abort(reason), 1);
		await expect(readArchive(endless(), { signal: controller.signal })).rejects.toBe(reason);
		clearInterval(timer);
	});

	test("that wait for ever are left at an abort", async () => {
		const reason = new Error("enough");
		const controller = new AbortController();
		const stuck = async function* () {
			yield header();
			await new Promise(() => undefined);
		};
		setTimeout(() => controller.abort(reason), 20);
		await expect(readArchive(stuck(), { signal: controller.signal })).rejects.toBe(reason);
	});

	test("aborted before: the source is not asked", async () => {
		const reason = new Error("enough");
		const source = { [Symbol.iterator]: () => Promise.reject(new Error("asked")) };
		await expect(readArchive(source as never, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
	});
});
