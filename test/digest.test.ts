import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { lstat, open, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { computeDigest } from "../src/digest.ts";
import { fromDirectory } from "../src/directory/index.ts";
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
	test("of a file that several threads share are the reference's", async () => {
		const bytes = someBytes(65 * 2 ** 20 + 4097);
		await writeFile(temporary("file"), bytes);
		const expected = referenceDigest(bytes);
		const files = Array.from({ length: 4 }, () => computeDigest(temporary("file")));
		expect(await Promise.all(files)).toEqual([expected, expected, expected, expected]);
		expect(await computeDigest(temporary("file"), { algorithm: "sha512" })).toBe(
			referenceDigest(bytes, "sha512"),
		);
	});

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

	test("of sparse files with data anywhere are those of all their bytes", async () => {
		for (const at of [0, 4096, 1_000_000, 2_000_000, 3_999_999]) {
			const bytes = Buffer.alloc(4_000_000);
			bytes.write("x", at);
			await writeFile(temporary("sparse"), "");
			await truncate(temporary("sparse"), bytes.length);
			await using(temporary("sparse"), (file) => file.write(Buffer.from("x"), 0, 1, at), "r+");
			expect(await computeDigest(temporary("sparse"))).toBe(referenceDigest(bytes));
		}
	});

	test("many at once do not mix", async () => {
		const inputs = Array.from({ length: 50 }, (_, i) => someBytes(i * 997).fill(i, i));
		const digests = await Promise.all(inputs.map((bytes) => computeDigest(bytes)));
		expect(digests).toEqual(inputs.map((bytes) => referenceDigest(bytes)));
	});
});

async function using<T>(
	file: string,
	body: (handle: Awaited<ReturnType<typeof open>>) => Promise<T>,
	flags = "r",
): Promise<T> {
	const handle = await open(file, flags);
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

describeIf(
	"a file that somebody has a lease of",
	findProgram("python3"),
	"python3 is not on PATH",
	(python) => {
		// Whoever opens it is told to wait, or to come again: fcntl(2). The holder lets go when the kernel asks it to.
		const HOLDER = `
import fcntl, os, signal, sys, time
file = os.open(sys.argv[1], os.O_RDWR)
signal.signal(signal.SIGIO, lambda *_: (time.sleep(0.2), fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)))
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print("held", flush=True)
while True: time.sleep(1)`;

		test.each(["computeDigest", "fromDirectory"])("bug: could not be read by %s", async (call) => {
			await writeFile(temporary("file"), "text");
			const holder = spawn(python, ["-c", HOLDER, temporary("file")], {
				stdio: ["ignore", "pipe", "inherit"],
			});
			await once(holder.stdout, "data");
			try {
				if (call === "computeDigest")
					expect(await computeDigest(temporary("file"))).toBe(referenceDigest(Buffer.from("text")));
				else expect((await fromDirectory(temporary())).readdir("/")).toEqual(["file"]);
			} finally {
				holder.kill("SIGKILL");
			}
		});
	},
);

describe("SHA-512", () => {
	test.each(SIZES)("of %d bytes are the reference's", async (size) => {
		const bytes = someBytes(size);
		const digest = await computeDigest(bytes, { algorithm: "sha512" });
		expect(digest).toBe(referenceDigest(bytes, "sha512"));
	});

	test("of holes are those of their zeros", async () => {
		await writeFile(temporary("sparse"), "x");
		await truncate(temporary("sparse"), 64 * 64 * BLOCK + 5);
		const bytes = Buffer.alloc(64 * 64 * BLOCK + 5);
		bytes.write("x");
		const digest = await computeDigest(temporary("sparse"), { algorithm: "sha512" });
		expect(digest).toBe(referenceDigest(bytes, "sha512"));
	});

	test("and no other", async () => {
		const algorithm = "md5" as never;
		await expect(computeDigest(new Uint8Array(0), { algorithm })).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_ARGUMENT",
		});
	});
});

describe("identities", () => {
	test("of the file that was found are needed, by path and open", async () => {
		await writeFile(temporary("file"), "text");
		const identity = await lstat(temporary("file"), { bigint: true });
		const expected = referenceDigest(Buffer.from("text"));
		const bytes = Buffer.from(temporary("file"));
		for (const source of [temporary("file"), { file: bytes }])
			expect(await computeDigest(source, { identity })).toBe(expected);
		await using(temporary("file"), async (file) =>
			expect(await computeDigest(file, { identity })).toBe(expected),
		);
		for (const field of ["dev", "ino", "size", "mtimeNs", "ctimeNs"] as const) {
			const { dev, ino, size, mtimeNs, ctimeNs } = identity;
			const other = { dev, ino, size, mtimeNs, ctimeNs, [field]: identity[field] + 1n };
			await expect(computeDigest(temporary("file"), { identity: other })).rejects.toMatchObject({
				code: "ERR_COMPOSEFS_CHANGED",
				rule: "changed",
				path: temporary("file"),
			});
		}
	});

	test("are of the file itself, not of what a symlink leads to", async () => {
		await writeFile(temporary("file"), "text");
		await symlink("file", temporary("link"));
		const identity = await stat(temporary("link"), { bigint: true });
		await expect(computeDigest(temporary("link"), { identity })).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_CHANGED",
		});
	});

	test("are bigints", async () => {
		const identity = { dev: 1, ino: 1, size: 1, mtimeNs: 1, ctimeNs: 1 } as never;
		await expect(computeDigest(temporary("file"), { identity })).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_ARGUMENT",
		});
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
		writeFileSync(temporary("big"), Buffer.alloc(2 ** 28, 1));
		const controller = new AbortController();
		const digest = computeDigest(temporary("big"), { signal: controller.signal });
		setImmediate(() => controller.abort(reason));
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
