import { existsSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { fromDirectory } from "../src/directory/index.ts";
import { type OptionNames, refuseUnknown } from "../src/known-options.ts";
import { copyImage, LayoutDestination, pullImage } from "../src/oci/index.ts";
import { ObjectStore } from "../src/store/index.ts";
import { Tree } from "../src/tree.ts";
import { writeImage } from "../src/write.ts";
import { imageOf } from "./support/oci-image.ts";
import { plainTar } from "./support/plain-tar.ts";
import { useTemporaryFolder } from "./support/temporary.ts";

const at = useTemporaryFolder();

const names: OptionNames<{ digest?: string; verity: boolean }> = { digest: true, verity: true };

test("options of known names pass, set or not", () => {
	refuseUnknown({}, names);
	refuseUnknown({ verity: true, digest: undefined }, names);
});

test.each(["Digest", "digst", "toString", "__proto__"])("an option %s is refused by its name", (name) => {
	const options = JSON.parse(`{ "verity": true, "${name}": 1 }`) as object;
	expect(() => refuseUnknown(options, names)).toThrow(
		expect.objectContaining({
			code: "ERR_COMPOSEFS_ARGUMENT",
			rule: "option",
			message: `there is no option ${name}; there are digest, verity`,
		}),
	);
});

test.each([null, undefined, 5, "digest"])("%j is no object", (options) => {
	expect(() => refuseUnknown(options as never, names)).toThrow("options come in an object");
});

test("bug: calls that make what others rely on passed over misspelt options", async () => {
	const store = await ObjectStore.open(at("store"));
	const image = imageOf([plainTar("usr/")]);
	const destination = new LayoutDestination(at("layout"));
	const calls = [
		() => writeImage(new Tree(), { path: at("image.cfs") } as never),
		() => fromDirectory(at(), { clampMTime: new Date(0) } as never),
		() => pullImage(image, { store, partail: false } as never),
		() => copyImage(image, destination, { tags: ["1"] } as never),
	];
	for (const call of calls)
		await expect(call()).rejects.toMatchObject({ code: "ERR_COMPOSEFS_ARGUMENT", rule: "option" });
	expect(existsSync(at("layout"))).toBe(false);
	await store.close();
});
