import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { describe, expect, jest, test } from "@jest/globals";
import { bytesBlob } from "../../../src/blob.ts";
import { copyImage } from "../../../src/oci/copy/copy.ts";
import { LayoutDestination } from "../../../src/oci/copy/layout-destination.ts";
import { describeBytes, imageOf } from "../../support/oci-image.ts";
import { stuckAfter } from "../../support/stuck.ts";
import { useTemporaryFolder } from "../../support/temporary.ts";

const temporary = useTemporaryFolder();
const image = imageOf([Buffer.from("one"), Buffer.from("two")]);
const index = () => JSON.parse(readFileSync(temporary("layout", "index.json"), "utf8"));
const blobs = () => readdirSync(temporary("layout", "blobs", "sha256")).sort();

describe("a layout", () => {
	test("is made with an image in it", async () => {
		await copyImage(image, new LayoutDestination(temporary("layout")), { tag: "first" });
		const { manifest, config, layers } = image;
		const all = [manifest, config, ...layers].map(({ descriptor }) => descriptor.digest.slice(7));
		expect(blobs()).toEqual(all.sort());
		const { mediaType, digest, size } = manifest.descriptor;
		const annotations = { "org.opencontainers.image.ref.name": "first" };
		expect(index().manifests).toEqual([{ mediaType, digest, size, annotations }]);
		expect(JSON.parse(readFileSync(temporary("layout", "oci-layout"), "utf8"))).toEqual({
			imageLayoutVersion: "1.0.0",
		});
	});

	test("has no index that is not on the disk", async () => {
		const handle = await open(temporary("file"), "w");
		const spy = jest.spyOn(Object.getPrototypeOf(handle), "sync");
		await handle.close();
		const synced = new Set<string | undefined>();
		spy.mockImplementation(async () => {
			for (const name of readdirSync(temporary("layout"))) synced.add(/^(.*)\..*\.tmp$/.exec(name)?.[1]);
		});
		await copyImage(image, new LayoutDestination(temporary("layout")));
		spy.mockRestore();
		expect(synced).toContain("oci-layout");
		expect(synced).toContain("index.json");
	});

	test("keeps what else is in its index; a tag moves", async () => {
		mkdirSync(temporary("layout"));
		const other = { mediaType: "x", digest: "sha256:1", size: 1, annotations: { other: "y" }, unknown: [1] };
		writeFileSync(
			temporary("layout", "index.json"),
			JSON.stringify({ schemaVersion: 2, manifests: [other], more: 5 }),
		);
		const destination = new LayoutDestination(temporary("layout"));
		await copyImage(imageOf([Buffer.from("old")]), destination, { tag: "t" });
		await copyImage(image, destination, { tag: "t" });
		await copyImage(image, destination);
		await copyImage(image, destination);
		const { digest } = image.manifest.descriptor;
		const annotations = { "org.opencontainers.image.ref.name": "t" };
		expect(index()).toMatchObject({ more: 5, manifests: [other, { digest, annotations }] });
		expect(index().manifests).toHaveLength(2);
	});

	test("has an image without a tag once, and not beside its tags", async () => {
		const destination = new LayoutDestination(temporary("layout"));
		await copyImage(image, destination);
		await copyImage(imageOf([Buffer.from("other")]), destination);
		for (const tag of ["a", "b"]) await copyImage(image, destination, { tag });
		const tags = index().manifests.map(({ annotations }: { annotations?: Record<string, string> }) =>
			Object.values(annotations ?? {}),
		);
		expect(tags).toEqual([[], ["a"], ["b"]]);
	});

	test("keeps what others say of an image that gets a tag", async () => {
		const destination = new LayoutDestination(temporary("layout"));
		await copyImage(image, destination);
		const [entry] = index().manifests;
		const platform = { os: "linux", architecture: "arm64" };
		const named = { ...entry, platform, annotations: { "io.containerd.image.name": "docker.io/app:1" } };
		const document = JSON.stringify({ ...index(), manifests: [named] });
		writeFileSync(temporary("layout", "index.json"), document);
		for (const tag of [null, "a", "a", null]) await copyImage(image, destination, { tag });
		const annotations = { ...named.annotations, "org.opencontainers.image.ref.name": "a" };
		expect(index().manifests).toEqual([{ ...named, annotations }]);
	});

	test("takes many images at once", async () => {
		const destination = new LayoutDestination(temporary("layout"));
		const images = Array.from({ length: 20 }, (_, at) =>
			imageOf([Buffer.from("shared"), Buffer.from(`${at}`)]),
		);
		await Promise.all(images.map((one, at) => copyImage(one, destination, { tag: `t${at}` })));
		expect(index().manifests).toHaveLength(20);
		expect(blobs()).toHaveLength(1 + 3 * 20);
	});

	test("bug: many that write to one folder lost each other's tags", async () => {
		const tags = Array.from({ length: 8 }, (_, n) => `t${n}`);
		await Promise.all(
			tags.map((tag) => copyImage(image, new LayoutDestination(temporary("layout")), { tag })),
		);
		const found = index().manifests.map(
			(entry: { annotations: object }) => Object.values(entry.annotations)[0],
		);
		expect(found.sort()).toEqual(tags);
		expect(readdirSync(temporary("layout")).sort()).toEqual(["blobs", "index.json", "oci-layout"]);
	});

	test("bug: by another name of the folder, tags were lost too", async () => {
		mkdirSync(temporary("layout"));
		symlinkSync("layout", temporary("link"));
		const destinations = ["layout", "link"].map((name) => new LayoutDestination(temporary(name)));
		const copies = Array.from({ length: 8 }, (_, n) =>
			copyImage(image, destinations[n % 2] as LayoutDestination, { tag: `t${n}` }),
		);
		await Promise.all(copies);
		expect(index().manifests).toHaveLength(8);
	});

	test("bug: who waited for another's copy of a blob did not stop when told", async () => {
		const destination = new LayoutDestination(temporary("layout"));
		const bytes = Buffer.from("bytes");
		const other = new AbortController();
		const stuck = { ...bytesBlob(bytes), read: () => stuckAfter([], () => undefined) };
		const first = destination.putBlob(describeBytes(bytes), stuck, { signal: other.signal });
		const second = destination.putBlob(describeBytes(bytes), bytesBlob(bytes), {
			signal: AbortSignal.timeout(20),
		});
		await expect(second).rejects.toMatchObject({ name: "TimeoutError" });
		other.abort(new Error("enough"));
		await expect(first).rejects.toThrow("enough");
	});

	test("bug: a blob that somebody else had not synced was said to be there", async () => {
		const bytes = Buffer.from("bytes");
		const descriptor = describeBytes(bytes);
		mkdirSync(temporary("layout", "blobs", "sha256"), { recursive: true });
		writeFileSync(temporary("layout", "blobs", "sha256", descriptor.digest.slice(7)), bytes);
		const handle = await open(temporary("file"), "w");
		const spy = jest.spyOn(Object.getPrototypeOf(handle), "sync");
		await handle.close();
		const synced: boolean[] = [];
		spy.mockImplementation(async function (this: unknown) {
			synced.push((await (this as typeof handle).stat()).isFile());
		});
		const destination = new LayoutDestination(temporary("layout"));
		expect(await destination.putBlob(descriptor, bytesBlob(bytes))).toBe(true);
		spy.mockRestore();
		expect(synced).toEqual([true, false]);
	});

	test("bug: its index grew to where nobody could read it", async () => {
		mkdirSync(temporary("layout"));
		const text = JSON.stringify({ schemaVersion: 2, manifests: [], more: "x".repeat(2 ** 22 - 100) });
		writeFileSync(temporary("layout", "index.json"), text);
		await expect(copyImage(image, new LayoutDestination(temporary("layout")))).rejects.toMatchObject({
			rule: "index",
			limit: 2 ** 22,
		});
		expect(readFileSync(temporary("layout", "index.json"), "utf8")).toBe(text);
	});

	test("does not read what it has", async () => {
		const destination = new LayoutDestination(temporary("layout"));
		const bytes = Buffer.from("bytes");
		expect(await destination.putBlob(describeBytes(bytes), bytesBlob(bytes))).toBe(false);
		const unread = {
			name: "x",
			size: async () => 5,
			read: () => {
				throw new Error("read");
			},
		};
		expect(await destination.putBlob(describeBytes(bytes), unread)).toBe(true);
	});

	test("reads anew what it has in another size", async () => {
		const destination = new LayoutDestination(temporary("layout"));
		const bytes = Buffer.from("bytes");
		const descriptor = describeBytes(bytes);
		const file = temporary("layout", "blobs", "sha256", descriptor.digest.slice(7));
		await destination.putBlob(descriptor, bytesBlob(bytes));
		writeFileSync(file, "");
		expect(await destination.putBlob(descriptor, bytesBlob(bytes))).toBe(false);
		expect(readFileSync(file)).toEqual(bytes);
	});

	test.each(["{", "[]", '{"manifests":5}', '{"manifests":[null]}'])(
		"with an index of %s is left as it is",
		async (text) => {
			mkdirSync(temporary("layout"));
			writeFileSync(temporary("layout", "index.json"), text);
			await expect(copyImage(image, new LayoutDestination(temporary("layout")))).rejects.toMatchObject({
				rule: "index",
			});
			expect(readFileSync(temporary("layout", "index.json"), "utf8")).toBe(text);
			expect(existsSync(temporary("layout", "oci-layout"))).toBe(false);
		},
	);

	test.each(["index.json", "oci-layout"])(
		"bug: with a folder called %s, the error was node's own",
		async (name) => {
			mkdirSync(temporary("layout", name), { recursive: true });
			const copied = copyImage(image, new LayoutDestination(temporary("layout")));
			await expect(copied).rejects.toMatchObject({
				name: "ComposefsError",
				code: "EISDIR",
				path: temporary("layout", name),
			});
		},
	);
});
