import { describe, expect, test } from "@jest/globals";
import { checkOptions, type MountOptions } from "../../src/mount/options.ts";

const digest = "Ab".repeat(32);
const refuse = (options: unknown, message: RegExp) =>
	expect(() => checkOptions(options as MountOptions)).toThrow(
		expect.objectContaining({ code: "ERR_COMPOSEFS_ARGUMENT", message: expect.stringMatching(message) }),
	);

describe("options of a mount", () => {
	test("get their defaults, and absolute paths", () => {
		const request = checkOptions({ objects: ["objects", "/store", Buffer.from("/\xff", "latin1")] });
		expect(request.objects.map((path) => Buffer.from(path).toString("latin1"))).toEqual([
			`${process.cwd()}/objects`,
			"/store",
			"/\xff",
		]);
		expect(request).toMatchObject({ verity: "off", readOnly: false, digest: undefined, upperdir: undefined });
	});

	test("with a digest require verity of the objects", () => {
		expect(checkOptions({ objects: ["/o"], digest: `sha256:${digest}` })).toMatchObject({
			verity: "require",
			digest: digest.toLowerCase(),
		});
		expect(checkOptions({ objects: ["/o"], digest, verity: "require" }).verity).toBe("require");
		expect(checkOptions({ objects: [], digest }).verity).toBe("off");
		refuse({ objects: ["/o"], digest, verity: "off" }, /"off" would trust unverified objects/);
		refuse({ objects: ["/o"], digest, verity: "try" }, /"try" would trust unverified objects/);
	});

	test.each(["", "ab", digest.slice(1), `${digest}0`, "g".repeat(64), `sha512:${digest}`])(
		"no digest: %j",
		(text) => refuse({ objects: ["/o"], digest: text }, /a digest is 64 hexadecimal digits/),
	);

	test("with a name that is none are refused: a misspelt digest would be compared with nothing", () => {
		refuse(
			{ objects: ["/o"], digests: digest },
			/there is no option digests; there are objects, verity, digest/,
		);
	});

	test("have to make sense together", () => {
		refuse({}, /objects is not a list/);
		refuse({ objects: "/o" }, /objects is not a list/);
		refuse({ objects: [""] }, /a path is empty/);
		refuse({ objects: ["a\0"] }, /NUL/);
		refuse({ objects: ["/o"], verity: "yes" }, /verity is "yes"/);
		refuse({ objects: ["/o"], upperdir: "/u" }, /go together/);
		refuse({ objects: ["/o"], workdir: "/w" }, /go together/);
		refuse({ objects: [], upperdir: "/u", workdir: "/w" }, /upperdir needs objects/);
		refuse({ objects: [], verity: "try" }, /verity is of objects/);
		refuse({ objects: [], imageMount: "/m" }, /imageMount is of no use/);
	});
});
