import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { describe, expect, jest, test } from "@jest/globals";
import { type BlobSource, bytesBlob } from "../../../src/blob.ts";
import { downloadBlob } from "../../../src/oci/copy/partial-blob.ts";
import { describeBytes } from "../../support/oci-image.ts";
import { useTemporaryFolder } from "../../support/temporary.ts";

const temporary = useTemporaryFolder();
const bytes = Buffer.from("0123456789".repeat(50));
const descriptor = describeBytes(bytes);
const hex = descriptor.digest.slice(7);

/** A blob that breaks after some bytes; what was asked for is in `asked`. */
function breaking(after: number, asked: unknown[] = []): BlobSource {
	return {
		name: "blob",
		size: async () => bytes.length,
		read: async function* ({ range } = {}) {
			asked.push(range);
			const start = range?.start ?? 0;
			yield bytes.subarray(start, Math.min(start + after, bytes.length));
			if (start + after < bytes.length) throw new Error("broke");
		},
	};
}

/** What the numbers of this process mean anything in. */
const space = statSync("/proc/self/ns/pid").ino;

const files = () => readdirSync(temporary("blobs"));

describe("a blob on its way", () => {
	test("bug: into what is no folder was an error of node's own", async () => {
		writeFileSync(temporary("file"), "");
		await expect(downloadBlob(temporary("file", "x"), descriptor, bytesBlob(bytes))).rejects.toMatchObject({
			name: "ComposefsError",
			code: "ENOTDIR",
		});
	});

	test.each([
		["its name", hex],
		["the name of its remainder", `${hex}.part`],
	])("bug: where a folder has %s, the error was node's own", async (_whose, name) => {
		mkdirSync(temporary("blobs", name), { recursive: true });
		const blob = bytesBlob(bytes);
		await expect(downloadBlob(temporary("blobs"), descriptor, blob)).rejects.toMatchObject({
			name: "ComposefsError",
			path: expect.stringContaining(temporary("blobs", hex)),
		});
	});

	test("bug: what cannot be written was an error of node's own, without the file", async () => {
		const handle = await open(temporary("file"), "w");
		const spy = jest.spyOn(Object.getPrototypeOf(handle), "write");
		await handle.close();
		const full = { code: "ENOSPC", errno: -28, syscall: "write" };
		spy.mockRejectedValueOnce(Object.assign(new Error("ENOSPC: no space left on device, write"), full));
		await expect(downloadBlob(temporary("blobs"), descriptor, bytesBlob(bytes))).rejects.toMatchObject({
			name: "ComposefsError",
			...full,
			path: expect.stringContaining(temporary("blobs", hex)),
		});
		spy.mockRestore();
		expect(files()).toEqual([`${hex}.part`]);
	});

	test("has its name once it is whole", async () => {
		await downloadBlob(temporary("blobs"), descriptor, bytesBlob(bytes));
		expect(files()).toEqual([hex]);
		expect(readFileSync(temporary("blobs", hex)).equals(bytes)).toBe(true);
	});

	test("is on the disk before it has its name, and then its name is", async () => {
		const handle = await open(temporary("file"), "w");
		const spy = jest.spyOn(Object.getPrototypeOf(handle), "sync");
		await handle.close();
		const synced: string[][] = [];
		spy.mockImplementation(async () => synced.push(files()));
		await downloadBlob(temporary("blobs"), descriptor, bytesBlob(bytes));
		spy.mockRestore();
		expect(synced).toEqual([[expect.stringMatching(/\.part$/)], [hex]]);
	});

	test("without end is given up with the first byte too many", async () => {
		let given = 0;
		const read = async function* () {
			for (; given < 100; given++) yield bytes;
		};
		const endless = { ...bytesBlob(bytes), read };
		await expect(downloadBlob(temporary("blobs"), descriptor, endless)).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_BLOB",
			rule: "blob-size",
		});
		expect(given).toBe(1);
	});

	test("that breaks, goes on where it ended", async () => {
		const asked: unknown[] = [];
		for (const length of [0, 7, 7 + 7]) {
			await expect(downloadBlob(temporary("blobs"), descriptor, breaking(7, asked))).rejects.toThrow("broke");
			expect(files()).toEqual([`${hex}.part`]);
			expect(asked.at(-1)).toEqual(length === 0 ? undefined : { start: length, end: 500 });
		}
		await downloadBlob(temporary("blobs"), descriptor, breaking(1000, asked));
		expect(asked.at(-1)).toEqual({ start: 21, end: 500 });
		expect(files()).toEqual([hex]);
	});

	test("goes on with what a dead process left, and not with what a living one is at", async () => {
		const living = `${hex}.${space}-${process.ppid}-0.part`;
		await downloadBlob(temporary("blobs"), describeBytes(Buffer.from("x")), bytesBlob(Buffer.from("x")));
		writeFileSync(temporary("blobs", living), "living");
		writeFileSync(temporary("blobs", `${hex}.${space}-${2 ** 22 + 1}-3.part`), bytes.subarray(0, 100));
		const asked: unknown[] = [];
		await downloadBlob(temporary("blobs"), descriptor, breaking(1000, asked));
		expect(asked).toEqual([{ start: 100, end: 500 }]);
		expect(files()).toContain(living);
		expect(files()).toHaveLength(3);
	});

	test.each([
		["another digest", Buffer.alloc(500), "ERR_COMPOSEFS_DIGEST"],
		["fewer bytes", bytes.subarray(1), "ERR_COMPOSEFS_BLOB"],
		["more bytes", Buffer.concat([bytes, bytes]), "ERR_COMPOSEFS_BLOB"],
	])("%s: an error, and nothing is kept", async (_title, wrong, code) => {
		await expect(downloadBlob(temporary("blobs"), descriptor, bytesBlob(wrong))).rejects.toMatchObject({
			code,
		});
		expect(files()).toEqual([]);
	});

	test("bug: what a process in another container is at was taken from it", async () => {
		await downloadBlob(temporary("blobs"), describeBytes(Buffer.from("x")), bytesBlob(Buffer.from("x")));
		const other = temporary("blobs", `${hex}.${space + 1}-${2 ** 22 + 1}-3.part`);
		writeFileSync(other, bytes.subarray(0, 100));
		const asked: unknown[] = [];
		await downloadBlob(temporary("blobs"), descriptor, breaking(1000, asked));
		expect(asked).toEqual([undefined]);
		rmSync(temporary("blobs", hex));
		utimesSync(other, 1000, 1000); // nothing came since: it is given up
		await downloadBlob(temporary("blobs"), descriptor, breaking(1000, asked));
		expect(asked.at(-1)).toEqual({ start: 100, end: 500 });
	});

	test("bug: what a process of the same number had left before this one began was in the way", async () => {
		await downloadBlob(temporary("blobs"), describeBytes(Buffer.from("x")), bytesBlob(Buffer.from("x")));
		const asked: unknown[] = [];
		const left = Array.from({ length: 30 }, (_, n) =>
			temporary("blobs", `${hex}.${space}-${process.pid}-${n}.part`),
		);
		for (const file of left) {
			writeFileSync(file, bytes.subarray(0, 50));
			utimesSync(file, 1000, 1000);
		}
		await downloadBlob(temporary("blobs"), descriptor, breaking(1000, asked));
		expect(asked).toEqual([{ start: 50, end: 500 }]);
	});

	test("a remainder that was damaged is thrown away; the next attempt is whole", async () => {
		await expect(downloadBlob(temporary("blobs"), descriptor, breaking(7))).rejects.toThrow();
		writeFileSync(temporary("blobs", `${hex}.part`), "damage");
		const again = () => downloadBlob(temporary("blobs"), descriptor, bytesBlob(bytes));
		await expect(again()).rejects.toMatchObject({ code: "ERR_COMPOSEFS_DIGEST" });
		await again();
		expect(files()).toEqual([hex]);
	});

	test("a remainder that is already whole is not asked for", async () => {
		await expect(downloadBlob(temporary("blobs"), descriptor, breaking(7))).rejects.toThrow();
		writeFileSync(temporary("blobs", `${hex}.part`), bytes);
		const asked: unknown[] = [];
		await downloadBlob(temporary("blobs"), descriptor, breaking(7, asked));
		expect([asked, files()]).toEqual([[], [hex]]);
	});

	test("a signal leaves what is there for the next time", async () => {
		const controller = new AbortController();
		const reason = new Error("enough");
		const endless: BlobSource = {
			name: "blob",
			size: async () => 500,
			read: async function* ({ signal } = {}) {
				yield bytes.subarray(0, 9);
				controller.abort(reason);
				signal?.throwIfAborted();
			},
		};
		await expect(downloadBlob(temporary("blobs"), descriptor, endless, controller.signal)).rejects.toBe(
			reason,
		);
		expect(readFileSync(temporary("blobs", `${hex}.part`))).toHaveLength(9);
	});
});
