import { expect, test } from "@jest/globals";
import { formatPlan } from "../../src/cli/pull-plan.ts";
import { ComposefsError } from "../../src/errors.ts";
import type { LayerPlan } from "../../src/oci/index.ts";

const NONE = {
	files: 0,
	missing: 0,
	bytes: 0,
	fetched: 0,
	requests: 0,
	saved: 0,
	refusal: undefined,
	ranges: [],
};
const digest = (digit: string) => `sha256:${digit.repeat(64)}`;

test("a plan says for each layer, and for all, what comes and what is saved", () => {
	const layers: LayerPlan[] = [
		{ ...NONE, digest: digest("a"), size: 0, partial: true },
		{
			...NONE,
			digest: digest("b"),
			size: 1000,
			partial: true,
			files: 9,
			missing: 2,
			fetched: 250,
			requests: 1,
			saved: 750,
		},
		{ ...NONE, digest: digest("c"), size: 1250, partial: false, fetched: 1250, requests: 2 },
		{
			...NONE,
			digest: digest("d"),
			size: 5,
			partial: false,
			fetched: 5,
			requests: 1,
			refusal: new ComposefsError("ERR_COMPOSEFS_TOC", "bad"),
		},
	];
	expect(formatPlan({ ...NONE, layers, fetched: 1505, requests: 4, saved: 750 })).toBe(
		`sha256:aaaaaaaaaaaa  0 of 0 files missing: 0 bytes in 0 requests, 0 % of it saved
sha256:bbbbbbbbbbbb  2 of 9 files missing: 250 bytes in 1 request, 75 % of it saved
sha256:cccccccccccc  1,250 bytes in 2 requests, 0 % of it saved (no table of contents)
sha256:dddddddddddd  5 bytes in 1 request, 0 % of it saved (table refused: bad)
all layers           1,505 bytes in 4 requests, 33 % of blobs saved
`,
	);
});
