import { execFileSync } from "node:child_process";
import path from "node:path";
import { describe, expect, test } from "@jest/globals";
import { readBlob } from "../../src/blob.ts";
import { openLayout, readLayout } from "../../src/oci/layout.ts";
import { verifiedBlob } from "../../src/oci/verified.ts";
import { MemoryLayout, tagged } from "../support/layouts.ts";
import { describeIf, sharedFolder } from "../support/needs.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const temporary = useTemporaryFolder();
const layer = { bytes: Buffer.from("a tar") };

describe("a layout in a folder", () => {
	test("gives its images, and their blobs", async () => {
		const layout = new MemoryLayout();
		layout.tag(tagged(layout.image([layer]), "one"));
		const folder = temporary();
		layout.write(folder);
		const opened = await openLayout(folder);
		const { layers } = await opened.resolve("one");
		const [{ blob, descriptor } = { blob: undefined, descriptor: undefined }] = layers;
		if (blob === undefined || descriptor === undefined) throw new Error("no layer");
		expect(await blob.size()).toBe(5);
		expect(await readBlob(verifiedBlob(blob, descriptor.digest, 5), { limit: 5 })).toEqual(layer.bytes);
		expect(await readBlob(blob, { range: { start: 2, end: 5 }, limit: 3 })).toEqual(Buffer.from("tar"));
	});

	test("has an only image, whatever artifacts are beside it", async () => {
		const layout = new MemoryLayout();
		const image = tagged(layout.image([layer]), "one");
		const artifact = { ...layout.image([]), artifactType: "application/x" };
		const { manifest } = await (await readLayout(layout.tag(artifact, image))).resolve();
		expect(manifest.descriptor.digest).toBe(image.digest);
		// By its digest it can be asked for still.
		expect((await readLayout(layout)).find(artifact.digest)).toHaveLength(1);
		await expect((await readLayout(layout.tag(artifact))).resolve()).rejects.toMatchObject({
			rule: "reference",
		});
	});

	test("that lacks a blob is an error of the system", async () => {
		const layout = new MemoryLayout();
		const entry = layout.image([layer]);
		layout.tag(entry).files.delete(`blobs/${entry.digest.replace(":", "/")}`);
		const folder = temporary();
		layout.write(folder);
		await expect((await openLayout(folder)).resolve()).rejects.toMatchObject({ code: "ENOENT" });
	});

	test("does not wait for a pipe that stands for a file", async () => {
		const folder = temporary();
		new MemoryLayout().write(folder);
		execFileSync("mkfifo", [path.join(folder, "index.json")]);
		await expect(openLayout(folder)).rejects.toMatchObject({ code: "ERR_COMPOSEFS_OCI", rule: "blob-file" });
	});

	test("that is none is an error", async () => {
		await expect(openLayout(temporary())).rejects.toMatchObject({
			code: "ENOENT",
			message: expect.stringMatching(/: is no image layout: ENOENT: .*oci-layout'$/),
			path: expect.stringMatching(/oci-layout$/),
		});
	});
});

describe("references", () => {
	const layout = new MemoryLayout();
	const image = (author: string, platform: object = {}) =>
		layout.image([layer], { config: { author, ...platform } });
	const [one, two] = [tagged(image("1"), "one"), tagged(image("2"), "two")];
	const containerd = {
		...image("3"),
		annotations: { "io.containerd.image.name": "docker.io/library/three:3" },
	};
	const resolve = async (reference?: string) => {
		const { config } = await (await readLayout(layout)).resolve(reference);
		return JSON.parse(Buffer.from(config.bytes).toString()).author;
	};

	test("are tags, digests, and containerd's names", async () => {
		layout.tag(one, two, containerd);
		expect(await resolve("two")).toBe("2");
		expect(await resolve(one.digest)).toBe("1");
		expect(await resolve("docker.io/library/three:3")).toBe("3");
	});

	test("are not needed where there is one image", async () => {
		layout.tag(two);
		expect(await resolve()).toBe("2");
	});

	test("say what there is where they miss", async () => {
		layout.tag(one, two, containerd);
		await expect(resolve("four")).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_OCI",
			rule: "reference",
			message: `layout: has no image "four". There are: one, two, ${containerd.digest}`,
		});
		await expect(resolve()).rejects.toMatchObject({ message: expect.stringContaining("which image?") });
		layout.tag();
		await expect(resolve()).rejects.toMatchObject({ message: 'layout: has no image "". There are: none' });
	});

	test("do not count artifacts among images, bug: a seal was offered as one", async () => {
		const artifact = { ...image("seal"), artifactType: "application/x" };
		layout.tag(one, two, artifact);
		await expect(resolve()).rejects.toMatchObject({ message: "layout: which image? There are: one, two" });
	});

	test("may stand for several platforms", async () => {
		const platform = { os: "linux", architecture: "riscv64" };
		layout.tag(one, { ...tagged(image("riscv", platform), "one"), platform });
		const opened = await readLayout(layout);
		const { config } = await opened.resolve("one", { platform });
		expect(config.value.platform).toMatchObject(platform);
	});
});

test.each([
	[{ imageLayoutVersion: "2.0.0" }, "imageLayoutVersion is not 1"],
	[{}, "imageLayoutVersion is missing"],
])("oci-layout %j is refused", async (marker, problem) => {
	const layout = new MemoryLayout().tag();
	layout.set("oci-layout", marker);
	await expect(readLayout(layout)).rejects.toThrow(problem);
});

test("an index.json of 100 MB is not read", async () => {
	const layout = new MemoryLayout().tag();
	layout.files.set("index.json", Buffer.alloc(100 << 20, " "));
	await expect(readLayout(layout)).rejects.toMatchObject({ code: "ERR_COMPOSEFS_BLOB", rule: "blob-size" });
});

describeIf("layouts that umoci and skopeo wrote", sharedFolder, "no folder of further inputs", (shared) => {
	test.each([
		["base", "l5", 5],
		["zstd-chunked", "l5", 5],
		["zstd-chunked-old", "l4", 4],
		["estargz", "l4", 4],
		["hard-cases", "n1", 1],
	])("%s:%s", async (name, tag, count) => {
		const layout = await openLayout(path.join(shared, "images", name));
		const image = await layout.resolve(tag);
		expect(image.layers).toHaveLength(count);
		for (const { blob, descriptor } of image.layers) {
			let size = 0;
			for await (const bytes of verifiedBlob(blob, descriptor.digest, descriptor.size).read())
				size += bytes.length;
			expect(size).toBe(descriptor.size);
		}
	});
});
