import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { device, directory, fifo, file, type Inode, socket, symlink } from "../src/inode.ts";
import { InodeIndex } from "../src/inode-index.ts";
import { cpuTimeOf, FAR_TOO_MUCH_MS } from "./support/cpu-time.ts";

/** The same, written plainly. */
class ReferenceIndex {
	readonly #numbers = new Map<Inode, number>();
	#next = 0;

	add(inode: Inode): number | undefined {
		const number = this.#next++;
		const found = this.#numbers.get(inode);
		if (found === undefined) this.#numbers.set(inode, number);
		return found;
	}
}

function expectSameAnswers(inodes: readonly Inode[]): void {
	const index = new InodeIndex();
	const reference = new ReferenceIndex();
	expect(inodes.map((inode) => index.add(inode))).toEqual(inodes.map((inode) => reference.add(inode)));
}

/** A file of that fingerprint: each step of making one can be taken back. */
function withFingerprint(print: number): Inode {
	const product = print ^ (print >>> 15) ^ (print >>> 30);
	const mixed = Math.imul(product, inverse(0xc2b2ae35));
	return file({ size: 0 }, { mtimeNs: BigInt(mixed >>> 0) });
}

/** Modulo 2^32, of an odd number. */
function inverse(odd: number): number {
	let result = odd;
	for (let bits = 3; bits < 32; bits *= 2) result = Math.imul(result, 2 - Math.imul(odd, result));
	return result;
}

/** Few times and sizes, so that many fingerprints are equal. */
const someInode = fc.tuple(fc.nat({ max: 4 }), fc.bigInt({ min: -2n, max: 2n })).map(([kind, mtimeNs]) => {
	const kinds: Inode[] = [
		file({ size: 3 }, { mtimeNs }),
		file(new Uint8Array(3), { mtimeNs }),
		symlink("abc", { mtimeNs }),
		directory({ mtimeNs }),
		device("block-device", { major: 1, minor: 1 }, { mtimeNs }),
	];
	return kinds[kind] as Inode;
});

describe("InodeIndex", () => {
	test("answers as a Map does, in any order of new and known inodes", () => {
		const inodes = fc.uniqueArray(someInode, { minLength: 1, maxLength: 30, selector: (inode) => inode });
		const order = fc.array(fc.nat(), { maxLength: 120 });
		fc.assert(
			fc.property(inodes, order, (pool, picks) => {
				expectSameAnswers(picks.map((pick) => pool[pick % pool.length] as Inode));
			}),
		);
	});

	test("tells apart inodes that are equal in every field", () => {
		const twins = Array.from({ length: 3000 }, () => fifo({ mtimeNs: 7n }));
		expectSameAnswers([...twins, ...twins]);
	});

	test("grows, and finds again what was there before", () => {
		const inodes = Array.from({ length: 5000 }, (_, i) => file({ size: i }, { mtimeNs: BigInt(i) << 20n }));
		expectSameAnswers([...inodes, ...inodes.toReversed()]);
	});

	test("finds again what was out of reach until it grew", () => {
		const crowd = Array.from({ length: 1000 }, (_, n) => withFingerprint(n << 12));
		const twins = [withFingerprint(5 << 12), withFingerprint(900 << 12)];
		const rest = Array.from({ length: 5000 }, (_, i) => file({ size: i }, { mtimeNs: BigInt(i) << 20n }));
		const before = [...crowd, ...twins];
		expectSameAnswers([...before, ...before, ...rest, ...before.toReversed(), ...rest]);
	});

	test("makes room piece by piece, and loses nothing meanwhile", () => {
		const inodes = Array.from({ length: 200_000 }, (_, n) => fifo({ mtimeNs: BigInt(n) }));
		const index = new InodeIndex();
		let pieces = 0;
		for (const inode of inodes) {
			while (!index.makeRoom(100)) pieces++;
			index.add(inode);
		}
		expect(pieces).toBeGreaterThan(40);
		expect(inodes.every((inode, n) => index.add(inode) === n)).toBe(true);
	});

	test("goes by the fingerprints that it found when it looked ahead", () => {
		const inodes = Array.from({ length: 64 }, (_, n) => symlink("abc", { mtimeNs: BigInt(n % 50) }));
		const index = new InodeIndex();
		const prints = new Int32Array(64);
		index.touch(inodes, 64, prints);
		for (const [n, inode] of inodes.entries()) expect(index.add(inode, prints[n])).toBeUndefined();
		expect(inodes.map((inode) => index.add(inode))).toEqual(inodes.map((_, n) => n));
	});

	test.each([10, 20_000, 400_000])("is as new once it is cleared, after %i inodes", (count) => {
		const inodes = Array.from({ length: count }, (_, n) => fifo({ mtimeNs: BigInt(n) }));
		const index = new InodeIndex();
		for (const _time of [1, 2]) {
			expect(inodes.every((inode) => index.add(inode) === undefined)).toBe(true);
			expect(index.add(inodes[count - 1] as Inode)).toBe(count - 1);
			index.clear();
		}
	});

	test("numbers count every name, known or not", () => {
		const index = new InodeIndex();
		const [a, b] = [socket(), socket()];
		expect([a, a, b, b, a].map((inode) => index.add(inode))).toEqual([undefined, 0, undefined, 2, 0]);
	});

	test("bug: times chosen so that all fingerprints want the same slots took the square of their number", async () => {
		const chosen = Array.from({ length: 160_000 }, (_, n) => withFingerprint((n % 4) + ((n >> 2) << 17)));
		expectSameAnswers([...chosen, ...chosen]);
		const index = new InodeIndex();
		const ms = await cpuTimeOf(() => {
			for (const inode of chosen) index.add(inode);
		});
		expect(ms).toBeLessThan(FAR_TOO_MUCH_MS);
	});

	test("takes times of more than 64 bits", () => {
		const far = [fifo({ mtimeNs: 2n ** 92n }), fifo({ mtimeNs: -(2n ** 92n) }), fifo({ mtimeNs: 0n })];
		expectSameAnswers([...far, ...far]);
	});
});
