import { expect, test } from "@jest/globals";
import { AnnotationMap } from "../src/descriptor.ts";

test("bug: annotations were lost where a descriptor was written as JSON", () => {
	const annotations = new AnnotationMap([["a", "b"]]);
	expect(JSON.stringify({ size: 1, annotations })).toBe('{"size":1,"annotations":{"a":"b"}}');
	expect(annotations.get("a")).toBe("b");
});
