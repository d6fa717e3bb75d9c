/** Which of an index's images is the one for a platform. */
import { argumentError } from "../errors.ts";
import type { Platform } from "./image.ts";

/** Node's names of architectures → Go's. */
const ARCHITECTURES: ReadonlyMap<string, string> = new Map([
	["x64", "amd64"],
	["ia32", "386"],
	["arm64", "arm64"],
	["arm", "arm"],
	["ppc64", "ppc64le"],
	["s390x", "s390x"],
	["riscv64", "riscv64"],
	["loong64", "loong64"],
	["mips64el", "mips64le"],
]);

/** @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT` */
export function checkIsPlatform(platform: Platform): Platform {
	const { os, architecture, variant = "" } = platform ?? {};
	if ([os, architecture, variant].every((name) => typeof name === "string")) return platform;
	throw argumentError("a platform is { os, architecture, variant? }", { rule: "platform" });
}

/** Linux on this process's architecture. */
export function hostPlatform(): Platform {
	return { os: "linux", architecture: ARCHITECTURES.get(process.arch) ?? process.arch };
}

/**
 * How well an image's platform suits: 0 is exact, more is worse, undefined is not at all. `os` and `architecture` must
 * be the same. Where no variant is wanted, each does, and one that is the architecture's usual one is best. Where one
 * is wanted, the same is; of arm and amd64 also a lower one, the higher the better.
 */
export function platformRank(wanted: Platform, offered: Platform): number | undefined {
	if (wanted.os !== offered.os || wanted.architecture !== offered.architecture) return undefined;
	const usual = USUAL_VARIANTS.get(wanted.architecture);
	const want = wanted.variant ?? usual;
	const offer = offered.variant ?? usual;
	if (want === offer) return 0;
	if (wanted.variant === undefined) return 1;
	const levels = LEVELS.has(wanted.architecture) ? levelOf(want) - levelOf(offer) : 0;
	return levels > 0 ? levels : undefined;
}

/** What an architecture means where nothing else is said. */
const USUAL_VARIANTS: ReadonlyMap<string, string> = new Map([
	["amd64", "v1"],
	["arm", "v7"],
	["arm64", "v8"],
]);

/** Architectures whose variants are levels that include the lower ones. */
const LEVELS: ReadonlySet<string> = new Set(["amd64", "arm"]);

function levelOf(variant: string | undefined): number {
	return /^v[1-9]$/.test(variant ?? "") ? Number(variant?.slice(1)) : Number.NaN;
}

/** As people write it; what an image's config leaves empty is `unknown`. */
export function platformName({ os, architecture, variant }: Platform): string {
	return [os || "unknown", architecture || "unknown", ...(variant === undefined ? [] : [variant])].join("/");
}
