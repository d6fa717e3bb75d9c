import { expect, test } from "@jest/globals";
import { type BlobSource, readBlob } from "../../src/blob.ts";
import { LayerProgress } from "../../src/cli/layer-progress.ts";
import { Progress } from "../../src/cli/progress.ts";
import { imageOf } from "../support/oci-image.ts";

test("layers are told of while they come, and once when they are complete", async () => {
	const written: string[] = [];
	const write = (text: string) => written.push(text) > 0;
	const image = imageOf([Buffer.alloc(1024), Buffer.alloc(3072), Buffer.alloc(0)]);
	const progress = new LayerProgress(new Progress({ isTTY: true, columns: 80, write } as never), image);
	const [first, second] = progress.watch(image).layers;
	if (first === undefined || second === undefined) throw new Error("no layers");
	expect(await first.blob.size()).toBe(1024);
	await readBlob(first.blob, { limit: 1024 });
	// As one that goes on where it broke off.
	await readBlob(second.blob, { limit: 3072, range: { start: 1000, end: 1536 } });
	expect(progress.format(2)).toBe("layer 1: 100 %  layer 2: 50 %  2.5 KiB of 4.0 KiB  1.3 KiB/s");
	const { digest } = first.descriptor;
	const told = { layer: 0, digest, bytes: 1024, size: 1024 };
	progress.show({ ...told, complete: false });
	for (let times = 0; times < 2; times++) progress.show({ ...told, complete: true });
	expect(written.filter((text) => text.endsWith("\n"))).toEqual([
		`layer 1 of 3  ${digest.slice(7, 19)}  1.0 KiB  done\n`,
	]);
	expect(progress.format(1)).toBe("layer 2: 50 %  2.5 KiB of 4.0 KiB  2.5 KiB/s");
});

test("bug: a blob that is watched did not tell that its server ignores ranges", () => {
	const image = imageOf([Buffer.alloc(1024)]);
	let ignoresRanges = false;
	const [layer] = image.layers;
	if (layer === undefined) throw new Error("no layer");
	const blob: BlobSource = {
		...layer.blob,
		get ignoresRanges() {
			return ignoresRanges;
		},
	};
	const progress = new LayerProgress(new Progress(process.stderr), image);
	const [watched] = progress.watch({ ...image, layers: [{ ...layer, blob }] }).layers;
	expect(watched?.blob.ignoresRanges).toBe(false);
	ignoresRanges = true;
	expect(watched?.blob.ignoresRanges).toBe(true);
});
