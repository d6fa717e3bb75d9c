import { expect, test } from "@jest/globals";
import { UsageError } from "../../src/cli/exit.ts";
import { parsePlatform, placeOptions, profileOption } from "../../src/cli/image-options.ts";
import { collect } from "../../src/cli/options.ts";

test("platforms", () => {
	expect(parsePlatform(undefined)).toBeUndefined();
	expect(parsePlatform("linux/amd64")).toEqual({ os: "linux", architecture: "amd64" });
	expect(parsePlatform("linux/arm64/v8")).toEqual({ os: "linux", architecture: "arm64", variant: "v8" });
	for (const text of ["", "linux", "linux/", "/amd64", "linux/arm/", "linux/arm/v7/x"])
		expect(() => parsePlatform(text)).toThrow(UsageError);
});

test("options", () => {
	expect(placeOptions().map(({ long }) => long)).toEqual(["--platform", "--plain-http", "--mirror"]);
	expect(profileOption("oci").defaultValue).toBe("oci");
	expect(collect("b", collect("a"))).toEqual(["a", "b"]);
});
