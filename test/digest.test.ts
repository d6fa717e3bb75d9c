import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { mkdir, open, truncate, writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { computeDigest } from "../src/digest.ts";
import { describeIf, findProgram } from "./support/needs.ts";
import { referenceDigest } from "./support/reference-verity.ts";
import { useTemporaryFolder } from "./support/temporary.ts";

const BLOCK = 4096;
const EMPTY_FILE = "3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95";

const temporary = useTemporaryFolder();

/** Bytes that differ from block to block. */
function someBytes(size: number): Buffer {
	const bytes = Buffer.alloc(size);
	for (let at = 0; at < size; at += 1000) bytes[at] = at % 251;
	return bytes;
}

/** Around the ends of blocks, of the hashes in a block (128), and of those of a second level. */
const SIZES = [
	0,
	1,
	BLOCK - 1,
	BLOCK,
	BLOCK + 1,
	127 * BLOCK,
	128 * BLOCK - 1,
	128 * BLOCK,
	128 * BLOCK + 1,
	129 * BLOCK,
	2 ** 20,
	2 ** 20 + 1,
	128 * 128 * BLOCK,
	128 * 128 * BLOCK + 5,
];

describe("digests", () => {
	test("of no bytes is the kernel's, not libcomposefs's", async () => {
		await expect(computeDigest(new Uint8Array(0))).resolves.toBe(EMPTY_FILE);
		expect(referenceDigest(new Uint8Array(0))).toBe(EMPTY_FILE);
	});

	test.each(SIZES)("of %d bytes are the reference's, from memory, by path and open", async (size) => {
		const bytes = someBytes(size);
		const expected = referenceDigest(bytes);
		await writeFile(temporary("file"), bytes);
		expect(await computeDigest(bytes)).toBe(expected);
		expect(await computeDigest(temporary("file"))).toBe(expected);
		expect(await computeDigest(pathToFileURL(temporary("file")))).toBe(expected);
		await using(temporary("file"), async (file) => expect(await computeDigest(file)).toBe(expected));
	});

	test("of any bytes are the reference's", async () => {
		await fc.assert(
			fc.asyncProperty(fc.uint8Array({ maxLength: 3 * BLOCK, size: "max" }), async (bytes) => {
				expect(await computeDigest(bytes)).toBe(referenceDigest(bytes));
			}),
			{ numRuns: 30 },
		);
	});

	test("of a part of a buffer are of that part", async () => {
		const bytes = someBytes(10_000);
		const part = bytes.subarray(100, 5000);
		expect(await computeDigest(part)).toBe(referenceDigest(Buffer.from(part)));
	});

	test("of a sparse file are those of its zeros", async () => {
		await writeFile(temporary("sparse"), "");
		await truncate(temporary("sparse"), 5_000_000);
		expect(await computeDigest(temporary("sparse"))).toBe(referenceDigest(Buffer.alloc(5_000_000)));
	});

	test("many at once do not mix", async () => {
		const inputs = Array.from({ length: 50 }, (_, i) => someBytes(i * 997).fill(i, i));
		const digests = await Promise.all(inputs.map((bytes) => computeDigest(bytes)));
		expect(digests).toEqual(inputs.map(referenceDigest));
	});
});

async function using<T>(
	file: string,
	body: (handle: Awaited<ReturnType<typeof open>>) => Promise<T>,
): Promise<T> {
	const handle = await open(file);
	try {
		return await body(handle);
	} finally {
		await handle.close();
	}
}

describe("open files", () => {
	test("are read from their beginning, and stay where they stand", async () => {
		await writeFile(temporary("file"), "0123456789");
		await using(temporary("file"), async (handle) => {
			await handle.read(Buffer.alloc(4), 0, 4);
			expect(await computeDigest(handle)).toBe(referenceDigest(Buffer.from("0123456789")));
			const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4);
			expect([bytesRead, buffer.toString()]).toEqual([4, "4567"]);
		});
	});

	test("may be closed while they are read", async () => {
		await writeFile(temporary("file"), someBytes(2 ** 24));
		const handle = await open(temporary("file"));
		const digest = computeDigest(handle);
		await handle.close();
		expect(await digest).toBe(referenceDigest(someBytes(2 ** 24)));
	});
});

describe("refused", () => {
	test("a path that is not there", async () => {
		await expect(computeDigest(temporary("none"))).rejects.toMatchObject({
			name: "ComposefsError",
			code: "ENOENT",
			syscall: "open",
			errno: -2,
			path: temporary("none"),
			message: `ENOENT: no such file or directory, open '${temporary("none")}'`,
		});
	});

	test("a directory", async () => {
		await mkdir(temporary("folder"));
		await expect(computeDigest(temporary("folder"))).rejects.toMatchObject({
			code: "EISDIR",
			syscall: "read",
			path: temporary("folder"),
		});
	});

	test("a fifo, without waiting for someone to write", async () => {
		spawnSync("mkfifo", [temporary("fifo")]);
		await expect(computeDigest(temporary("fifo"))).rejects.toMatchObject({ code: "EINVAL" });
	});

	test("a device", async () => {
		await expect(computeDigest("/dev/zero")).rejects.toMatchObject({ code: "EINVAL", path: "/dev/zero" });
	});

	test("a file that is open for writing only", async () => {
		const handle = await open(temporary("file"), "w");
		try {
			await expect(computeDigest(handle)).rejects.toMatchObject({ code: "EBADF", syscall: "read" });
		} finally {
			await handle.close();
		}
	});

	test("a closed file", async () => {
		await writeFile(temporary("file"), "");
		const handle = await open(temporary("file"));
		await handle.close();
		await expect(computeDigest(handle)).rejects.toMatchObject({ code: "EBADF" });
	});

	test.each([
		["an empty path", ""],
		["a path with NUL", "a\0b"],
	])("%s", async (_title, path) => {
		await expect(computeDigest(path)).rejects.toMatchObject({ code: "ERR_COMPOSEFS_ARGUMENT" });
	});

	test.each([undefined, null, 5, {}, { fd: "x" }, { fd: 1.5 }])("%j", async (source) => {
		await expect(computeDigest(source as never)).rejects.toMatchObject({ code: "ERR_COMPOSEFS_ARGUMENT" });
	});
});

describe("signals", () => {
	test("aborted before: nothing is opened", async () => {
		const reason = new Error("enough");
		await expect(computeDigest(temporary("none"), { signal: AbortSignal.abort(reason) })).rejects.toBe(
			reason,
		);
	});

	test("aborted meanwhile: the reason comes out", async () => {
		const reason = new Error("enough");
		writeFileSync(temporary("big"), "");
		await truncate(temporary("big"), 2 ** 34);
		const controller = new AbortController();
		const digest = computeDigest(temporary("big"), { signal: controller.signal });
		setTimeout(() => controller.abort(reason), 20);
		await expect(digest).rejects.toBe(reason);
	});

	test("aborted afterwards: nothing happens", async () => {
		const controller = new AbortController();
		await expect(computeDigest(new Uint8Array(0), { signal: controller.signal })).resolves.toBe(EMPTY_FILE);
		controller.abort();
	});
});

describeIf("fsverity", findProgram("fsverity"), "fsverity is not on PATH", (fsverity) => {
	test.each(SIZES.filter((size) => size < 2 ** 21))("measures %d bytes the same", async (size) => {
		await writeFile(temporary("file"), someBytes(size));
		const { stdout } = spawnSync(fsverity, ["digest", "--compact", temporary("file")], { encoding: "utf8" });
		expect(await computeDigest(temporary("file"))).toBe(stdout.trim());
	});
});
