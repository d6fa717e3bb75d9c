import { describe, expect, test } from "@jest/globals";
import {
	dropWhiteoutMarks,
	dropWhiteoutsMarks,
	hasWhiteoutMarks,
	hasWhiteoutsMarks,
} from "../../src/image/whiteout-marks.ts";

const NOTHING = new Uint8Array(0);
const X = Buffer.from("x");
const both = (name: string, value: Uint8Array): [string, Uint8Array][] =>
	["trusted", "user"].map((prefix) => [`${prefix}.overlay.${name}`, value]);

describe("the marks of a directory with whiteouts", () => {
	const ofVersion0 = both("whiteouts", NOTHING);
	const ofVersion1 = [...ofVersion0, ...both("opaque", X)];

	test("are two xattrs, in version 1 four", () => {
		expect(hasWhiteoutsMarks(new Map(ofVersion0), 0)).toBe(true);
		expect(hasWhiteoutsMarks(new Map(ofVersion0), 1)).toBe(false);
		expect(hasWhiteoutsMarks(new Map(ofVersion1), 1)).toBe(true);
		expect(hasWhiteoutsMarks(undefined, 0)).toBe(false);
	});

	test("have the value that the writer gives them", () => {
		expect(hasWhiteoutsMarks(new Map(both("whiteouts", X)), 0)).toBe(false);
		expect(hasWhiteoutsMarks(new Map([...ofVersion0, ...both("opaque", Buffer.from("y"))]), 1)).toBe(false);
	});

	test.each([
		[0, ["trusted.overlay.opaque", "user.overlay.opaque", "user.own"]],
		[1, ["user.own"]],
	])("of version %d are dropped, and nothing else", (version, left) => {
		const xattrs = new Map([...ofVersion1, ["user.own", X] as const]);
		dropWhiteoutsMarks(xattrs, version);
		expect([...xattrs.keys()]).toEqual(left);
	});
});

test("the marks of a whiteout are two empty xattrs", () => {
	const xattrs = new Map([...both("whiteout", NOTHING), ["user.own", X] as const]);
	expect(hasWhiteoutMarks(xattrs)).toBe(true);
	dropWhiteoutMarks(xattrs);
	expect([hasWhiteoutMarks(xattrs), [...xattrs.keys()]]).toEqual([false, ["user.own"]]);
});
