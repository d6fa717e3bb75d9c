import { describe, expect, test } from "@jest/globals";
import { openPlace } from "../../src/cli/image-place.ts";
import { MemoryLayout, tagged } from "../support/layouts.ts";
import { addImage, writeDockerArchive, writeLayout, writeOciArchive } from "../support/pulled-images.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const open = (text: string, options = {}) => openPlace(text, options, undefined);
const amd64 = { platform: { os: "linux", architecture: "amd64" } };

describe("a place", () => {
	test("is a layout, which can be added to", async () => {
		const layout = writeLayout(at("layout"));
		const { manifests } = JSON.parse(String(layout.files.get("index.json")));
		for (const name of ["", ":v1", `:${manifests[0].digest}`]) {
			const place = await open(`oci:${at("layout")}${name}`);
			const image = await place.resolve(amd64);
			expect(image.manifest.descriptor.digest).toBe(manifests[0].digest);
			expect([place.isRemote, place.destination?.name]).toEqual([false, at("layout")]);
			expect(await place.offered({})).toEqual([]);
			expect(await place.seals(manifests[0].digest, {})).toEqual([]);
		}
		await expect((await open(`oci:${at("layout")}:v2`)).resolve({})).rejects.toMatchObject({
			rule: "reference",
		});
	});

	test("offers what its index has", async () => {
		const layout = new MemoryLayout();
		const platform = { os: "linux", architecture: "arm64" };
		const entry = { ...addImage(layout, { architecture: "arm64" }), platform };
		layout.tag(tagged(layout.addIndex([entry]), "v1")).write(at("layout"));
		const offered = await (await open(`oci:${at("layout")}:v1`)).offered({});
		expect(offered).toMatchObject([{ digest: entry.digest, platform }]);
	});

	test("is an archive, which cannot", async () => {
		writeOciArchive(at("oci.tar"));
		writeDockerArchive(at("docker.tar"), "example/it:v1");
		for (const name of ["oci-archive:oci.tar:v1", "docker-archive:docker.tar:example/it:v1"]) {
			const [, kind, rest = ""] = /^(.*?:)(.*)$/.exec(name) ?? [];
			const place = await open(`${kind}${at(rest)}`);
			expect((await place.resolve(amd64)).layers).toHaveLength(2);
			expect(place.destination).toBeUndefined();
		}
		await expect((await open(`docker-archive:${at("docker.tar")}:other`)).resolve({})).rejects.toMatchObject({
			rule: "reference",
		});
	});

	test.each(["debian", "docker://debian:12", `registry.example:5000/a/b@sha256:${"0".repeat(64)}`])(
		"is a registry: %s",
		async (name) => {
			const place = await open(name, { mirror: ["mirror.example/hub"], plainHttp: true });
			expect(place.isRemote).toBe(true);
			expect(place.destination?.name).toMatch(
				/^(?:docker\.io\/library\/debian|registry\.example:5000\/a\/b)$/,
			);
		},
	);

	test.each(["oci:", "oci-archive:", "docker-archive:"])("is not meant by %s alone", async (name) => {
		await expect(open(name)).rejects.toThrow(`${name} names no folder or file behind the colon`);
	});

	test("has options of a registry only if it is one", async () => {
		await expect(open("oci:layout", { mirror: ["x"] })).rejects.toThrow(
			"no registry: --mirror makes no sense",
		);
		await expect(open("oci:layout", { plainHttp: true })).rejects.toThrow("--plain-http makes no sense");
		await expect(open("debian", { mirror: ["a b"] })).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_ARGUMENT",
		});
	});
});
