import { expect, test } from "@jest/globals";
import type { Platform } from "../../src/oci/image.ts";
import { checkIsPlatform, hostPlatform, platformName, platformRank } from "../../src/oci/platform.ts";

function platform(text: string): Platform {
	const [os = "", architecture = "", variant] = text.split("/");
	return { os, architecture, ...(variant !== undefined && { variant }) };
}

test.each<[string, string, number | undefined]>([
	["linux/amd64", "linux/amd64", 0],
	["linux/amd64", "linux/amd64/v1", 0],
	["linux/amd64", "linux/amd64/v3", 1],
	["linux/amd64/v3", "linux/amd64", 2],
	["linux/amd64/v3", "linux/amd64/v2", 1],
	["linux/amd64/v2", "linux/amd64/v3", undefined],
	["linux/arm64", "linux/arm64/v8", 0],
	["linux/arm64/v8", "linux/arm64", 0],
	["linux/arm64/v9", "linux/arm64/v8", undefined],
	["linux/arm", "linux/arm/v7", 0],
	["linux/arm/v7", "linux/arm/v6", 1],
	["linux/arm/v7", "linux/arm/v5", 2],
	["linux/arm/v6", "linux/arm/v7", undefined],
	["linux/arm/v7", "linux/arm/odd", undefined],
	["linux/arm", "linux/arm64", undefined],
	["linux/amd64", "windows/amd64", undefined],
	["linux/amd64", "unknown/unknown", undefined],
])("for %s, %s ranks %s", (wanted, offered, rank) => {
	expect(platformRank(platform(wanted), platform(offered))).toBe(rank);
});

const wrong = ["linux/amd64", null, {}, { os: "linux" }, { os: "linux", architecture: "arm", variant: 7 }];
test.each(wrong)("%j is no platform", (value) => {
	expect(() => checkIsPlatform(value as never)).toThrow("a platform is { os, architecture, variant? }");
});

test("the platform of this process has Go's names", () => {
	const host = hostPlatform();
	expect(host.os).toBe("linux");
	expect(host.architecture).not.toBe("x64");
	expect(platformName({ ...host, variant: "v8" })).toBe(`linux/${host.architecture}/v8`);
	expect(platformName({ os: "", architecture: "" })).toBe("unknown/unknown");
});
