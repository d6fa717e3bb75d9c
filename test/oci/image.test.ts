import { expect, test } from "@jest/globals";
import { bytesBlob } from "../../src/blob.ts";
import type { BlobFinder, ImageProvider } from "../../src/oci/image.ts";
import { pullImage } from "../../src/oci/pull.ts";
import { resolveImage } from "../../src/oci/resolve.ts";
import { lines } from "../support/layers.ts";
import { descriptor, MemoryLayout } from "../support/layouts.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { plainTar } from "../support/plain-tar.ts";

test("a source of the caller's own needs to find blobs, and nothing else", async () => {
	const blobs = new MemoryLayout();
	const entry = descriptor(blobs.image([{ bytes: plainTar("a/", "a/b") }]));
	const finder: BlobFinder = {
		name: "own",
		blob: ({ digest }) => bytesBlob(blobs.files.get(`blobs/${digest.replace(":", "/")}`) as Uint8Array),
	};
	const source: ImageProvider = { resolve: (_reference, options) => resolveImage(finder, entry, options) };
	const tree = await pullImage(await source.resolve(), { store: new MemoryStore() });
	expect(lines(tree)).toEqual(["a/", "a/b"]);
});
