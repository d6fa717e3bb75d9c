import { execFileSync } from "node:child_process";
import { open, stat } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { fileBlob, readBlob } from "../src/blob.ts";
import { imageInfo, openImage, readImage } from "../src/image/index.ts";
import { mountSpec } from "../src/mount/index.ts";
import { openFifo, openToRead, readStream } from "../src/open-file.ts";
import { writeChunkedLayer } from "../src/toc/index.ts";
import { Tree } from "../src/tree.ts";
import { useTemporaryFolder } from "./support/temporary.ts";

const at = useTemporaryFolder();
const OPTIONS = { highWaterMark: 1000 };

async function readAll(pieces: AsyncIterable<Buffer>): Promise<string> {
	let text = "";
	for await (const piece of pieces) text += piece;
	return text;
}

beforeEach(() => {
	execFileSync("mkfifo", [at("fifo")]);
});

describe("a fifo that nobody else has open", () => {
	test("is opened to be read, and is at its end", async () => {
		const file = await openToRead(at("fifo"));
		expect((await file.read(Buffer.alloc(1))).bytesRead).toBe(0);
		await file.close();
	});

	test("is waited for to be written to, until somebody reads or the signal aborts", async () => {
		const given = openFifo(Buffer.from(at("fifo")), AbortSignal.timeout(20));
		await expect(given).rejects.toMatchObject({ name: "TimeoutError" });
		const opened = openFifo(Buffer.from(at("fifo")), undefined);
		const text = readAll(readStream(at("fifo"), OPTIONS, undefined));
		const file = await opened;
		await file.write("text");
		await file.close();
		expect(await text).toBe("text");
	});

	test("is waited for to be read, until somebody writes or the signal aborts; threads of the pool are free then", async () => {
		// All at once: who is given up later gets the end of the fifo by which an earlier one is woken.
		const signal = AbortSignal.timeout(50);
		const given = Array.from({ length: 5 }, () => readAll(readStream(at("fifo"), OPTIONS, signal)));
		for (const { status } of await Promise.allSettled(given)) expect(status).toBe("rejected");
		await stat(at());
		const text = readBlob(fileBlob(at("fifo")), { limit: 100 });
		await pause(50);
		const file = await openFifo(Buffer.from(at("fifo")), undefined);
		await file.write("te");
		await pause(50);
		await file.write("xt");
		await file.close();
		expect((await text).toString()).toBe("text");
	});

	test("with a silent writer is left at the abort, and not begun after it", async () => {
		const writer = await open(at("fifo"), "r+");
		const reading = readAll(readStream(at("fifo"), OPTIONS, AbortSignal.timeout(50)));
		await expect(reading).rejects.toMatchObject({ name: "TimeoutError" });
		await expect(
			readAll(readStream(at("fifo"), OPTIONS, AbortSignal.abort(new Error("enough")))),
		).rejects.toThrow("enough");
		await writer.close();
	});

	test.each<[string, (signal: AbortSignal) => Promise<unknown>]>([
		["readImage", () => readImage(at("fifo"))],
		["openImage", () => openImage(at("fifo"))],
		["imageInfo", () => imageInfo(at("fifo"))],
		["mountSpec", () => mountSpec(at("fifo"), "/t", { objects: [] })],
		["writeChunkedLayer", (signal) => writeChunkedLayer(new Tree(), { to: at("fifo"), signal } as never)],
	])("bug: kept a thread of the pool each: %s", async (_title, work) => {
		const signal = AbortSignal.timeout(100);
		const calls = Array.from({ length: 4 }, () => work(signal));
		await stat(at()); // would wait for a thread
		for (const result of await Promise.allSettled(calls)) expect(result.status).toBe("rejected");
	});
});

test("what is not there is an error of this package", async () => {
	await expect(openToRead(at("none"))).rejects.toMatchObject({
		name: "ComposefsError",
		code: "ENOENT",
		path: at("none"),
	});
});

test("what cannot be read is named, and a signal's reason is itself", async () => {
	await expect(readAll(readStream(Buffer.from(at()), OPTIONS, undefined))).rejects.toMatchObject({
		name: "ComposefsError",
		code: "EISDIR",
		path: at(),
		message: expect.stringContaining(at()),
	});
	const reason = Object.assign(new Error("enough"), { code: "EENOUGH" });
	const aborted = AbortSignal.abort(reason);
	await expect(readAll(readStream(at("fifo"), OPTIONS, aborted))).rejects.toBe(reason);
	const controller = new AbortController();
	const reading = readAll(readStream(at("fifo"), OPTIONS, controller.signal));
	setTimeout(() => controller.abort(reason), 20);
	await expect(reading).rejects.toBe(reason);
});
