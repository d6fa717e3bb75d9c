/** Which test goes through which source. */
import path from "node:path";
import { describe, expect, test } from "@jest/globals";
import { sources } from "./support/sources.ts";

const all = sources("src");

/** Sources without a test of their own, and the test that goes through them. The list is to get shorter. */
const TESTED_BY: Readonly<Record<string, string>> = {
	addon: "native",
	content: "store/writer",
	"cli/doctor/check": "cli/doctor",
	"cli/json": "cli/dump",
	"cli/options": "cli/main",
	"cli/sources/read-oci": "cli/sources/oci",
	"decompress-error": "decompress",
	gunzip: "decompress",
	zstd: "decompress",
	"tar/content": "tar/read-streams",
	"tar/describe": "tar/read",
	"tar/entry": "tar/read",
	"tar/fault": "tar/read-refused",
	"tar/reader": "tar/read-streams",
	"tar/write-content": "toc/write",
	"tar/write-entries": "tar/write",
	"tar/write-header": "tar/write",
	"image/build": "image/read",
	"image/bytes": "image/inode",
	"image/claims": "image/read",
	"image/fault": "image/superblock",
	"image/image": "image/open",
	"image/stat": "image/open",
	"sandbox/fault": "sandbox/child",
	"sandbox/feed": "sandbox/pool",
	"sandbox/gathered-input": "sandbox/pool",
	"sandbox/reply": "sandbox/child",
	"sandbox/worker": "sandbox/escape",
	"image/level": "image/read",
	"image/quota": "image/read",
	"image/reading": "image/open",
	"image/listing": "image/read",
	"image/walk": "image/read",
	"dump/lines": "dump/format",
	"layer-entry": "oci/layer-builder",
	"mount/header": "mount/spec",
	"oci/registry/watch": "oci/registry/transport",
	"store/find": "store/content-index",
	"store/open-store": "store/store",
	"store/inspect": "store/fsck",
	"store/list": "store/gc",
	"store/references": "store/fsck",
	"store/stored": "store/writer",
	"oci/copy/destination": "oci/copy/copy",
	"oci/hash-zeros": "oci/partial/fetch",
	"oci/partial/table": "oci/partial/fetch",
	"oci/partial/wanted": "oci/partial/fetch",
	"oci/registry/answer-parts": "oci/registry/registry-blob",
	"oci/registry/blob-reader": "oci/registry/registry-blob",
	"oci/registry/endpoint": "oci/registry/registry-blob",
	"oci/registry/fault": "oci/registry/retry",
	"oci/registry/location": "oci/registry/blob-servers",
	"oci/registry/manifests": "oci/registry/client",
	"oci/registry/push": "oci/registry/repository",
	"oci/registry/token": "oci/registry/authorizer",
	"oci/sealing/compute": "oci/sealing/verify",
	"oci/sealing/seal": "oci/sealing/inline",
	"toc/annotations": "toc/read",
	"toc/chunks": "toc/layer-entries",
	"toc/entry": "toc/document",
	"toc/entry-reader": "toc/document",
	"toc/entry-types": "toc/document",
	"toc/estargz": "toc/read",
	"toc/fault": "toc/read",
	"toc/fetch": "toc/read",
	"toc/footer": "toc/read",
	"toc/headers": "toc/tar-split",
	"toc/inodes": "toc/parse",
	"toc/join": "toc/tar-split",
	"toc/json": "toc/document",
	"toc/layer-encoder": "toc/write",
	"toc/limits": "toc/read",
	"toc/locate": "toc/read",
	"toc/location": "toc/read",
	"toc/window": "toc/document",
	"toc/write-entry": "toc/write",
	"toc/write-frames": "toc/write",
	"toc/write-tar-split": "toc/write",
	"toc/xattrs": "toc/parse",
	"toc/zstd-chunked": "toc/read",
};

describe("the map of tests", () => {
	const tests = sources("test", ".test.ts");
	// index.ts files only re-export.
	const tested = all.filter((source) => path.basename(source) !== "index");

	test.each(tested)("%s has its test", (source) => {
		expect(tests).toContain(TESTED_BY[source] ?? source);
	});

	test("lists no source as tested by another that is gone, or has its own test", () => {
		const listed = Object.keys(TESTED_BY);
		expect(listed.filter((source) => !all.includes(source) || tests.includes(source))).toEqual([]);
	});
});
