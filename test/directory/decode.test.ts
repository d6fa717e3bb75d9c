import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { decodeRecords } from "../../src/directory/decode.ts";
import { bytesToName } from "../../src/names.ts";
import { type PackedRecord, packRecords } from "../support/pack-records.ts";

const bytes = (maxLength: number, minLength = 0) => fc.uint8Array({ minLength, maxLength });
const word = fc.nat({ max: 2 ** 32 - 1 });
const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const record: fc.Arbitrary<PackedRecord> = fc.record({
	words: fc.tuple(word, word, word, word, word, word),
	mtime: fc.tuple(fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }), fc.nat({ max: 999_999_999 })),
	problem: word,
	identity: fc.tuple(long, long, long, long),
	name: bytes(255),
	text: bytes(70),
	xattrs: fc.uniqueArray(fc.tuple(bytes(20, 1), bytes(300)), {
		selector: ([name]) => bytesToName(name),
		maxLength: 5,
	}),
});

describe("records of a directory", () => {
	test("are decoded as they were packed", () => {
		fc.assert(
			fc.property(fc.array(record, { maxLength: 6 }), (records) => {
				const decoded = Array.from(decodeRecords(packRecords(records)), (it) => ({
					words: [it.status, it.links, it.uid, it.gid, it.rdev.major, it.rdev.minor],
					isNullDevice: it.isNullDevice,
					mtimeNs: it.mtimeNs,
					problem: [it.problem, it.errno],
					identity: [it.identity.dev, it.identity.ino, it.identity.size, it.identity.ctimeNs],
					packed: [...it.packedIdentity],
					name: it.name,
					text: [...it.text],
					textLength: it.textLength,
					xattrs: [...(it.xattrs ?? [])].map(([name, value]) => [name, [...value]]),
				}));
				expect(decoded).toEqual(records.map(expected));
			}),
			{ numRuns: 300 },
		);
	});

	test("of none there are none", () => expect([...decodeRecords(new ArrayBuffer(0))]).toEqual([]));
});

function expected({ words, mtime, problem, identity, name, text, xattrs }: PackedRecord) {
	const [dev, ino, size, ctimeNs] = identity;
	const mtimeNs = mtime[0] * 1_000_000_000n + BigInt(mtime[1]);
	return {
		words,
		isNullDevice: words[4] === 0 && words[5] === 0,
		mtimeNs,
		problem: [problem >>> 16, problem & 0xffff],
		identity: [BigInt.asUintN(64, dev), BigInt.asUintN(64, ino), size, ctimeNs],
		packed: [dev, ino, size, BigInt.asIntN(64, mtimeNs), ctimeNs],
		name: bytesToName(name),
		text: [...text],
		textLength: text.length,
		xattrs: xattrs.map(([key, value]) => [bytesToName(key), [...value]]),
	};
}
