import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { endDocument, readDocuments, writePiece } from "../../src/sandbox/input.ts";

test("documents in pieces come out as they went in; pieces of nothing are left out", () => {
	const documents = fc.array(fc.array(fc.uint8Array({ maxLength: 20 })));
	fc.assert(
		fc.property(documents, (documents) => {
			const written: Uint8Array[] = [];
			const write = (bytes: Uint8Array) => written.push(bytes);
			for (const pieces of documents) {
				for (const piece of pieces) writePiece(piece, write);
				endDocument(write);
			}
			const found = readDocuments(Buffer.concat(written));
			const whole = (pieces: Uint8Array[]) => Buffer.concat(pieces).toString("hex");
			expect(found.map(whole)).toEqual(documents.map(whole));
		}),
	);
});
