import { spawn } from "node:child_process";
import path from "node:path";
import { describe, expect, test } from "@jest/globals";
import { composefs, program } from "../support/cli.ts";
import { useServers } from "../support/http-server.ts";
import { MemoryLayout, tagged } from "../support/layouts.ts";
import { describeIf, sharedFolder } from "../support/needs.ts";
import { addImage, writeDockerArchive, writeLayout } from "../support/pulled-images.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const serve = useServers();

function inspect(...args: string[]): string {
	const { status, stdout, stderr } = composefs(["inspect", "--platform", "linux/amd64", ...args]);
	expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
	return Buffer.from(stdout, "latin1").toString();
}

describe("composefs inspect", () => {
	test("tells people what there is, and nothing to their terminals", () => {
		writeLayout(at("layout"));
		const text = inspect(`oci:${at("layout")}:v1`);
		expect(text).toMatch(
			/^manifest +sha256:[0-9a-f]{64} {2}application\/vnd\.oci\.image\.manifest\.v1\+json$/m,
		);
		expect(text).toMatch(/^platform +linux\/amd64$/m);
		expect(text).toMatch(/^annotation +org\.example\.note=a\?\[1m$/m);
		expect(text).toMatch(/^layer 2 of 2\n/m);
		expect(text).toMatch(/^size +\d\.\d MiB, gzip\ntable +none$/m);
	});

	test("tells programs more", () => {
		const layout = new MemoryLayout();
		const images = ["amd64", "arm64"].map((architecture) => ({
			...addImage(layout, { architecture }),
			platform: { os: "linux", architecture },
		}));
		layout.tag(tagged(layout.addIndex(images), "both")).write(at("layout"));
		const found = JSON.parse(inspect("--json", `oci:${at("layout")}`));
		expect(found).toMatchObject({
			platform: images[0]?.platform,
			platforms: images.map(({ digest, platform }) => ({ digest, platform })),
			manifest: { digest: images[0]?.digest, annotations: { "org.example.note": "a\u001b[1m" } },
			config: { document: { os: "linux", rootfs: { type: "layers" } } },
			layers: [{ compression: "gzip", toc: null }, { diffId: expect.stringMatching(/^sha256:/) }],
			seals: { manifest: null, artifacts: [] },
		});
		expect(inspect(`oci:${at("layout")}`)).toMatch(/^offered +linux\/arm64 +sha256:/m);
	});

	test("of a registry without TLS names the option that allows it", async () => {
		const { host } = await serve((_request, response) => response.end());
		const child = spawn(process.execPath, [program, "inspect", `${host}/a:v1`]);
		let stderr = "";
		for await (const piece of child.stderr) stderr += piece;
		expect(stderr).toMatch(/^composefs: https:.*; plain HTTP has to be allowed: --plain-http\n$/);
	});

	test("knows archives", () => {
		writeDockerArchive(at("docker.tar"), "example/it:v1");
		expect(inspect(`docker-archive:${at("docker.tar")}`)).toMatch(/^size +2\.\d MiB, uncompressed$/m);
	});

	test("shows what is wrong with a part in its place", () => {
		const layout = new MemoryLayout();
		const annotations = { "composefs.merged.erofs.v1.fsverity-sha256-12": "none" };
		const image = layout.image([{ bytes: Buffer.alloc(1024) }], { manifest: { annotations } });
		layout.tag(image).write(at("layout"));
		expect(inspect(`oci:${at("layout")}`)).toMatch(
			/^seal +unusable: .*is not 64 lower-case hexadecimal digits$/m,
		);
	});

	test("ends with 3 for a manifest that is not what its digest says", () => {
		const layout = new MemoryLayout();
		const { digest } = layout.image([]);
		const bytes = layout.files.get(`blobs/${digest.replace(":", "/")}`) ?? Buffer.alloc(0);
		layout.tag({ mediaType: "application/vnd.oci.image.manifest.v1+json", digest, size: bytes.length });
		bytes[bytes.length - 1] = 0x20;
		layout.write(at("layout"));
		expect(composefs(["inspect", `oci:${at("layout")}`])).toMatchObject({ status: 3, stdout: "" });
	});
});

describeIf("real images", sharedFolder, "no folder of further inputs", (shared) => {
	test.each([
		["zstd-chunked:l5", "zstd:chunked", "zstd"],
		["zstd-chunked-old:l4", "zstd:chunked", "zstd"],
		["estargz:l4", "estargz", "gzip"],
	])("%s has tables of contents", (name, format, compression) => {
		// estargz's config names no platform.
		const { stdout } = composefs(["inspect", "--json", `oci:${path.join(shared, "images", name)}`]);
		const { layers } = JSON.parse(stdout);
		for (const layer of layers) expect(layer).toMatchObject({ compression, toc: { format } });
	});
});
