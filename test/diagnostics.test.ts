import { spawnSync } from "node:child_process";
import { channel, tracingChannel } from "node:diagnostics_channel";
import { realpathSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "@jest/globals";
import { type DiagnosticsName, trace } from "../src/diagnostics.ts";
import { readImage } from "../src/image/index.ts";
import { planPull } from "../src/oci/partial/index.ts";
import { pullImage } from "../src/oci/pull.ts";
import { RegistryClient } from "../src/oci/registry/index.ts";
import { ObjectStore } from "../src/store/index.ts";
import { Tree } from "../src/tree.ts";
import { writeImage } from "../src/write.ts";
import { LIB, runModule } from "./support/child.ts";
import { chunkedImage, chunkedLayer } from "./support/chunked-layer.ts";
import { startServer } from "./support/http-server.ts";
import { CANNOT_MOUNT, canMount } from "./support/mounting.ts";
import { describeIf } from "./support/needs.ts";
import { useTemporaryFolder } from "./support/temporary.ts";

const at = useTemporaryFolder();

/** What a channel told, until `stop`. */
const stops: (() => void)[] = [];
afterEach(() => {
	for (const stop of stops.splice(0)) stop();
});

type Told = [event: string, message: object];

function listen(name: DiagnosticsName): Told[] {
	const told: Told[] = [];
	const tell = (event: string) => (message: object) => void told.push([event, { ...message }]);
	const subscribers = {
		start: tell("start"),
		end: () => undefined,
		asyncStart: () => undefined,
		asyncEnd: tell("asyncEnd"),
		error: tell("error"),
	};
	const traced = tracingChannel(name);
	traced.subscribe(subscribers);
	stops.push(() => traced.unsubscribe(subscribers));
	return told;
}

function messages(name: string): object[] {
	const told: object[] = [];
	const listener = (message: unknown) => void told.push(message as object);
	channel(name).subscribe(listener);
	stops.push(() => channel(name).unsubscribe(listener));
	return told;
}

describe("trace", () => {
	const work = (value: number) => async () => value;
	const nothing = () => ({});

	test("makes no context where nobody listens", async () => {
		const begin = () => {
			throw new Error("made");
		};
		expect(await trace("composefs:unmount", begin, work(3), nothing)).toBe(3);
	});

	test("tells the beginning, then the result; gives the value itself", async () => {
		const told = listen("composefs:unmount");
		expect(await trace("composefs:unmount", () => ({ target: "/mnt" }), work(3), nothing)).toBe(3);
		expect(told).toEqual([
			["start", { target: "/mnt" }],
			["asyncEnd", { target: "/mnt", result: {} }],
		]);
	});

	test("tells and throws what the work has failed with", async () => {
		const told = listen("composefs:unmount");
		const error = new Error("busy");
		const fail = () => Promise.reject(error);
		await expect(trace("composefs:unmount", () => ({ target: "/mnt" }), fail, nothing)).rejects.toBe(error);
		expect(told.map(([event]) => event)).toEqual(["start", "error", "asyncEnd"]);
		expect(told[1]?.[1]).toEqual({ target: "/mnt", error });
	});
});

describe("channels", () => {
	const tree = () => {
		const made = new Tree();
		made.writeFile("/etc", Buffer.from("text"));
		return made;
	};

	/** In the root of every image of version 0 and 1. */
	const WHITEOUTS = 256;

	test("tell of images that are written and read, with the files' names", async () => {
		const [written, read] = [listen("composefs:write-image"), listen("composefs:read-image")];
		const { digest, size, version } = await writeImage(tree(), { to: at("a.cfs") });
		await readImage(at("a.cfs"));
		const { image } = await writeImage(tree());
		await readImage(image);
		const done = { to: at("a.cfs"), result: { digest, size, version } };
		expect(written.slice(0, 2)).toEqual([
			["start", { to: at("a.cfs") }],
			["asyncEnd", done],
		]);
		expect(written[2]).toEqual(["start", { to: undefined }]);
		expect(read[1]).toEqual(["asyncEnd", { source: at("a.cfs"), result: { size, inodes: 2 + WHITEOUTS } }]);
		expect(read[2]).toEqual(["start", { source: undefined }]);
	});

	test("tell of an image that could not be read", async () => {
		const told = listen("composefs:read-image");
		await expect(readImage(Buffer.alloc(4096))).rejects.toMatchObject({ code: "ERR_COMPOSEFS_IMAGE" });
		expect(told[1]).toEqual(["error", { source: undefined, error: expect.any(Error) }]);
	});

	test("tell of what is put into a store", async () => {
		const told = listen("composefs:store-put");
		const store = await ObjectStore.open(at("objects"));
		const stored = await store.put(Buffer.alloc(100));
		await store.close();
		expect(stored).toMatchObject({ size: 100, existed: false });
		expect(told.at(-1)).toEqual(["asyncEnd", { store: at("objects"), result: stored }]);
	});

	test("tell of layers, and what of them was missing", async () => {
		const [layers, missing] = [listen("composefs:pull-layer"), listen("composefs:fetch-missing")];
		const files = [{ name: "a", content: "some text ".repeat(50) }];
		const layer = chunkedLayer(files, { format: "zstd:chunked" });
		const image = chunkedImage(layer);
		const store = await ObjectStore.open(at("pulled"));
		const plan = await planPull(image, { store });
		await pullImage(image, { store });
		await pullImage(image, { store, partial: false });
		await store.close();
		const { digest, size } = layer.descriptor;
		const begun = { image: image.name, layer: 0, digest, size };
		const results = layers.filter(([event]) => event === "asyncEnd").map(([, message]) => message);
		expect(results).toEqual([
			{ ...begun, result: { partial: true, refusal: undefined } },
			{ ...begun, result: { partial: false, refusal: undefined } },
		]);
		const result = { contents: 1, requests: 1, bytes: plan.fetched };
		expect(missing.at(-1)).toEqual(["asyncEnd", { image: image.name, layers: [0], result }]);
	});

	test("tell why a table of contents is not used", async () => {
		const told = listen("composefs:pull-layer");
		const change = (entries: Record<string, unknown>[]) => Object.assign(entries[0] ?? {}, { size: -1 });
		const layer = chunkedLayer([{ name: "a", content: "text" }], { format: "zstd:chunked", change });
		const store = await ObjectStore.open(at("whole"));
		await pullImage(chunkedImage(layer), { store });
		await store.close();
		const refusal = expect.objectContaining({ code: "ERR_COMPOSEFS_TOC" });
		expect(told.at(-1)?.[1]).toMatchObject({ result: { partial: false, refusal } });
	});

	test("tell of requests and bodies, and no secrets", async () => {
		const [told, bodies] = [listen("composefs:registry-request"), messages("composefs:registry-body")];
		const manifest = Buffer.from("{}");
		const server = await startServer((request, response) => {
			if (request.url?.startsWith("/v2/")) response.writeHead(307, { location: "/blob?token=secret" }).end();
			else response.writeHead(200, { "content-type": "application/json" }).end(manifest);
		});
		const host = new URL(server.url).host;
		const credentials = { username: "user", password: "hidden" };
		const client = new RegistryClient({ plainHttp: "loopback", credentials });
		try {
			await client.repository(`${host}/name:tag`).manifest();
		} catch {
			// It is no manifest: what was asked for is what counts here.
		}
		await server.close();
		const urls = [`http://${host}/v2/name/manifests/tag`, `http://${host}/blob`];
		const ended = told.filter(([event]) => event === "asyncEnd").map(([, message]) => message);
		expect(ended).toEqual([
			{ method: "GET", url: urls[0], result: { status: 307 } },
			{ method: "GET", url: urls[1], result: { status: 200 } },
		]);
		expect(bodies).toEqual([
			{ method: "GET", url: urls[0], status: 307, bytes: 0, complete: true },
			{ method: "GET", url: urls[1], status: 200, bytes: 2, complete: true },
		]);
		expect(JSON.stringify([told, bodies])).not.toMatch(/secret|hidden|aGlkZGVu/);
	});
});

describe("NODE_DEBUG=composefs", () => {
	const run = (code: string, NODE_DEBUG = "composefs") => {
		const { ended, stderr } = runModule(code, { env: { NODE_DEBUG }, cwd: at() });
		expect(ended).toBe(0);
		return stderr
			.split("\n")
			.map((line) => line.replace(/^COMPOSEFS \d+: /, "").replaceAll(/\d+\.\d ms/g, "T ms"))
			.filter((line) => line !== "");
	};
	const PROGRAM = `
		const { Tree, writeImage, readImage } = await import("${LIB}/index.js");
		const { ObjectStore } = await import("${LIB}/store/index.js");
		const store = await ObjectStore.open("store");
		for (let n = 0; n < 2; n++) await store.put(Buffer.alloc(100));
		await store.close();
		await writeImage(new Tree(), { to: "image.cfs" });
		await readImage("image.cfs");
		await readImage("none.cfs").catch(() => undefined);`;

	test("says where the addon is, and what was done", () => {
		const [addon, ...lines] = run(PROGRAM);
		expect(addon).toMatch(/^addon loaded from \/.*\.node$/);
		expect(lines).toEqual([
			expect.stringMatching(/^\/.*\/store flushed: 2 puts so far, 200 bytes, 1 there already$/),
			expect.stringMatching(/^image of 16384 bytes, version 0, to image.cfs, digest [0-9a-f]{64}, T ms$/),
			"image of 16384 bytes, 257 inodes, read from image.cfs, T ms",
			"read-image failed after T ms: ENOENT: no such file or directory, open 'none.cfs'",
		]);
	});

	test("says nothing if it is not set, or to another", () => {
		expect(run(PROGRAM, "")).toEqual([]);
		expect(run(PROGRAM, "http2")).toEqual([]);
	});

	test("says which requests there were, that they are tried again, and why", async () => {
		writeFileSync(at("config.json"), "{}");
		const lines = run(`
			import { createServer } from "node:http";
			const { RegistryClient } = await import("${LIB}/oci/index.js");
			const server = createServer((_, response) => response.writeHead(503).end("busy"));
			await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
			const options = { plainHttp: "loopback", retries: 1, backoffMs: 1, credentials: undefined };
			const client = new RegistryClient(options);
			await client.repository("127.0.0.1:" + server.address().port + "/a:b").manifest().catch(() => undefined);
			server.closeAllConnections();
			server.close();`);
		const url = "http://127.0.0.1:PORT/v2/a/manifests/b";
		expect(
			lines.map((line) => line.replaceAll(/:\d{4,5}\//g, ":PORT/").replace(/in \d ms/, "in N ms")),
		).toEqual([
			`GET ${url} answered 503, T ms`,
			`GET ${url} 503, 4 bytes`,
			`try 1 of 1 again in N ms: ${url}: answers 503`,
			`GET ${url} answered 503, T ms`,
			`GET ${url} 503, 4 bytes`,
		]);
	});
});

describeIf("NODE_DEBUG=composefs, of mounts", canMount, CANNOT_MOUNT, () => {
	test("says what is mounted where, and that it is unmounted", () => {
		const code = `
			const { Tree, writeImage } = await import("${LIB}/index.js");
			const { mount } = await import("${LIB}/mount/index.js");
			const { tracingChannel } = await import("node:diagnostics_channel");
			const { mkdirSync } = await import("node:fs");
			const told = [];
			const tell = (message) => void told.push(message);
			for (const name of ["composefs:mount", "composefs:unmount"])
				tracingChannel(name).subscribe({ asyncEnd: tell });
			for (const name of ["mnt", "objects"]) mkdirSync(name);
			await writeImage(new Tree(), { to: "image.cfs" });
			await (await mount("image.cfs", "mnt", { objects: ["objects"] })).unmount();
			console.log(JSON.stringify(told));`;
		const words = ["-m", process.execPath, "--input-type=module", "--eval", code];
		const env = { ...process.env, NODE_DEBUG: "composefs" };
		const { stdout, stderr } = spawnSync("unshare", words, { cwd: at(), env, encoding: "utf8" });
		const target = realpathSync(at("mnt"));
		expect(JSON.parse(stdout)).toEqual([
			{ image: "image.cfs", target: "mnt", verity: "off", result: { target } },
			{ target, result: {} },
		]);
		expect(stderr).toMatch(
			/image\.cfs mounted at mnt, verity off, \d+\.\d ms\n.*mnt unmounted, \d+\.\d ms\n/,
		);
	});
});
