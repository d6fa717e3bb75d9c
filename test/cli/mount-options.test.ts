import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { UsageError } from "../../src/cli/exit.ts";
import { parseMountOptions } from "../../src/cli/mount-options.ts";

const refuse = (text: string, message: RegExp) => {
	expect(() => parseMountOptions([text])).toThrow(UsageError);
	expect(() => parseMountOptions([text])).toThrow(message);
};

describe("options of mount -o", () => {
	test("are mount.composefs's", () => {
		expect(
			parseMountOptions(["basedir=a:b,digest=ab,verity,upperdir=u,workdir=w,idmap=/proc/1/ns/user,ro"]),
		).toEqual({
			objects: ["a", "b"],
			digest: "ab",
			verity: "require",
			upperdir: "u",
			workdir: "w",
			idmap: "/proc/1/ns/user",
			readOnly: true,
		});
		expect(parseMountOptions(["tryverity,rw"])).toEqual({ objects: [], verity: "try", readOnly: false });
		expect(parseMountOptions([])).toEqual({ objects: [] });
	});

	test("may be repeated: folders add up, the last of others counts", () => {
		expect(parseMountOptions(["basedir=a", "ro,basedir=b:c", "rw"])).toEqual({
			objects: ["a", "b", "c"],
			readOnly: false,
		});
	});

	test("that are wrong are usage errors", () => {
		refuse("", /unknown mount option ""/);
		refuse("verify", /unknown mount option "verify"/);
		refuse("__proto__", /unknown mount option/);
		refuse("constructor=1", /unknown mount option/);
		refuse("basedir", /basedir needs a value/);
		refuse("digest=", /digest needs a value/);
		refuse("ro=1", /ro takes no value/);
		refuse("basedir=a::b", /a folder of basedir has no name/);
	});

	test("have any path in them, escaped", () => {
		const escaped = (path: string) => path.replaceAll(/[\\,:]/g, "\\$&");
		const path = fc.string({ minLength: 1, unit: fc.constantFrom(..."\\,:=ab/ \n") });
		fc.assert(
			fc.property(fc.array(path, { minLength: 1 }), path, (folders, upper) => {
				const text = `basedir=${folders.map(escaped).join(":")},upperdir=${escaped(upper)},ro`;
				expect(parseMountOptions([text])).toEqual({ objects: folders, upperdir: upper, readOnly: true });
			}),
		);
	});
});
