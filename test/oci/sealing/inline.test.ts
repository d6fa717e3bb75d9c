import { describe, expect, test } from "@jest/globals";
import { readInlineSeal, sealImage } from "../../../src/oci/sealing/inline.ts";
import { SEAL_KEYS, type Seal } from "../../../src/oci/sealing/seal.ts";
import { imageOf, sha256 } from "../../support/oci-image.ts";

const digest = (fill: string) => fill.repeat(64);
const seal: Seal = {
	merged: digest("a"),
	bootable: digest("b"),
	config: digest("c"),
	layers: [digest("1"), digest("2")],
};
const image = imageOf([Buffer.from("one"), Buffer.from("two")], {
	unknown: { kept: [1] },
	annotations: { other: "kept", __proto__x: "y" },
});

describe("a sealed manifest", () => {
	test("has each digest where the specification wants it, and keeps the rest", () => {
		const sealed = sealImage(image, seal);
		const document = JSON.parse(sealed.manifest.bytes.toString());
		expect(document).toEqual({
			...JSON.parse(image.manifest.bytes.toString()),
			annotations: {
				other: "kept",
				__proto__x: "y",
				"composefs.merged.erofs.v1.fsverity-sha256-12": digest("a"),
				"composefs.merged.bootable.erofs.v1.fsverity-sha256-12": digest("b"),
			},
			config: expect.objectContaining({
				annotations: { "composefs.config.fsverity-sha256-12": digest("c") },
			}),
			layers: ["1", "2"].map((fill) =>
				expect.objectContaining({
					annotations: { "composefs.layer.erofs.v1.fsverity-sha256-12": digest(fill) },
				}),
			),
		});
		expect(sealed.manifest.descriptor.digest).toBe(sha256(sealed.manifest.bytes));
		expect(sealed.manifest.descriptor.size).toBe(sealed.manifest.bytes.length);
		expect(image.manifest.value.annotations.size).toBe(0);
	});

	test("is read again; sealing again changes nothing", () => {
		const sealed = sealImage(image, seal);
		expect(readInlineSeal(sealed)).toEqual(seal);
		expect(
			Buffer.from(sealImage(sealed, seal).manifest.bytes).equals(Buffer.from(sealed.manifest.bytes)),
		).toBe(true);
		const little = sealImage(image, { merged: digest("a") });
		expect(readInlineSeal(little)).toEqual({ merged: digest("a") });
	});

	test("bug: what an earlier seal had more of stayed", () => {
		const little = { merged: digest("d") };
		const again = sealImage(sealImage(image, seal), little);
		expect(readInlineSeal(again)).toEqual(little);
		expect(again.manifest.bytes.toString()).not.toContain(digest("b"));
		expect(again.manifest.bytes.toString()).toContain('"other":"kept"');
		const { config, layers } = again.manifest.value;
		for (const { annotations } of [config, ...layers]) expect(annotations.size).toBe(0);
	});

	test("of which there is none", () => expect(readInlineSeal(image)).toBeUndefined());

	test.each<[string, Seal, string]>([
		["a digest in capitals", { merged: digest("A") }, "seal-digest"],
		["a short digest", { merged: "aa" }, "seal-digest"],
		["too few layers", { merged: digest("a"), layers: [digest("1")] }, "seal-layers"],
		["a layer that is no digest", { merged: digest("a"), layers: [digest("1"), ""] }, "seal-digest"],
	])("is not made with %s", (_title, wrong, rule) => {
		expect(() => sealImage(image, wrong)).toThrow(
			expect.objectContaining({ code: "ERR_COMPOSEFS_SEAL", rule }),
		);
	});

	const annotated = (entries: [string, string][]) => {
		const { manifest } = image;
		return {
			...image,
			manifest: { ...manifest, value: { ...manifest.value, annotations: new Map(entries) } },
		};
	};

	test.each<[string, [string, string][], string]>([
		["that is no digest", [[SEAL_KEYS.merged, "x"]], "seal-digest"],
		[
			"of an algorithm that is not known",
			[["composefs.merged.erofs.v1.fsverity-sha512-12", digest("aa")]],
			"seal-algorithm",
		],
		["of a later format", [["composefs.merged.erofs.v2.fsverity-sha256-12", digest("a")]], "seal-algorithm"],
	])("%s is not taken for an unsealed one", (_title, entries, rule) => {
		expect(() => readInlineSeal(annotated(entries))).toThrow(
			expect.objectContaining({ code: "ERR_COMPOSEFS_SEAL", rule }),
		);
	});

	test("with other algorithms beside it is read", () => {
		const entries: [string, string][] = [
			["composefs.merged.erofs.v1.fsverity-sha512-12", "x"],
			[SEAL_KEYS.merged, digest("a")],
			[`${SEAL_KEYS.merged}.sig`, "x"],
		];
		expect(readInlineSeal(annotated(entries))).toMatchObject({ merged: digest("a") });
	});

	test("with some layers sealed and others not is refused", () => {
		const sealed = sealImage(image, seal);
		const [first] = sealed.manifest.value.layers;
		const layers = [first, image.manifest.value.layers[1]] as never;
		const mixed = {
			...sealed,
			manifest: { ...sealed.manifest, value: { ...sealed.manifest.value, layers } },
		};
		expect(() => readInlineSeal(mixed)).toThrow(
			expect.objectContaining({ rule: "seal-layers", limit: 2, actual: 1 }),
		);
	});
});
