/** Packs records of a directory as native/scan.cc does. */

export interface PackedRecord {
	/** st_mode, st_nlink, uid, gid, major, minor */
	readonly words: readonly [number, number, number, number, number, number];
	/** Seconds and nanoseconds. */
	readonly mtime: readonly [bigint, number];
	readonly problem: number;
	/** dev, ino, size, ctime in nanoseconds */
	readonly identity: readonly [bigint, bigint, bigint, bigint];
	readonly name: Uint8Array;
	readonly text: Uint8Array;
	readonly xattrs: readonly (readonly [Uint8Array, Uint8Array])[];
}

export function packRecords(records: readonly PackedRecord[]): ArrayBuffer {
	const bytes = Buffer.concat(records.map(pack));
	return new Uint8Array(bytes).buffer;
}

function pack({ words, mtime, problem, identity, name, text, xattrs }: PackedRecord): Buffer {
	const packedXattrs = Buffer.concat(
		xattrs.flatMap(([key, value]) => [Uint32Array.of(key.length, value.length), key, value].map(raw)),
	);
	const [dev, ino, size, ctimeNs] = identity;
	const [seconds, nanoseconds] = mtime;
	const mtimeNs = BigInt.asIntN(64, seconds * 1_000_000_000n + BigInt(nanoseconds));
	const lengths = [name.length, text.length, xattrs.length, packedXattrs.length];
	const record = Buffer.concat([
		raw(Uint32Array.of(...words, nanoseconds, problem, ...lengths)),
		raw(BigInt64Array.of(dev, ino, size, mtimeNs, ctimeNs, seconds)),
		name,
		text,
		packedXattrs,
	]);
	return Buffer.concat([record, Buffer.alloc((8 - (record.length % 8)) % 8)]);
}

function raw(array: Uint8Array | Uint32Array | BigInt64Array): Buffer {
	return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}

/** A plain record, to be changed where a test needs it. */
export function plainRecord(changes: Partial<PackedRecord> = {}): PackedRecord {
	return {
		words: [0o100644, 1, 0, 0, 0, 0],
		mtime: [1_600_000_000n, 5],
		problem: 0,
		identity: [1n, 2n, 0n, 4n],
		name: Buffer.from("name"),
		text: new Uint8Array(0),
		xattrs: [],
		...changes,
	};
}
