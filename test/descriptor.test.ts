import { expect, test } from "@jest/globals";
import { AnnotationMap, descriptorJson } from "../src/descriptor.ts";

test("bug: annotations were lost where a descriptor was written as JSON", () => {
	const annotations = new AnnotationMap([["a", "b"]]);
	expect(JSON.stringify({ size: 1, annotations })).toBe('{"size":1,"annotations":{"a":"b"}}');
	expect(annotations.get("a")).toBe("b");
});

test("a descriptor as a document has it says nothing of annotations that it has not", () => {
	const descriptor = {
		mediaType: "text/plain",
		digest: "sha256:ab",
		size: 1,
		annotations: new Map<string, string>(),
	};
	expect(JSON.stringify(descriptorJson(descriptor))).toBe(
		'{"mediaType":"text/plain","digest":"sha256:ab","size":1}',
	);
	const annotations = new Map([["__proto__", "b"]]);
	expect(JSON.stringify(descriptorJson({ ...descriptor, annotations }))).toContain(
		'"annotations":{"__proto__":"b"}',
	);
});
