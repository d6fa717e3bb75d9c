import { expect, test } from "@jest/globals";
import { type OptionNames, refuseUnknown } from "../src/known-options.ts";

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
