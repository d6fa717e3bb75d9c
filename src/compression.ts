/** What compressed bytes are, by their first ones. */

const GZIP_MAGIC = 0x1f8b;
const ZSTD_MAGIC = 0xfd2fb528;
/** The last four bits may be anything. */
const ZSTD_SKIPPABLE_MAGIC = 0x184d2a50;

export type Compression = "gzip" | "zstd";

/** What bytes are compressed with, told by the first four of them: undefined, if it is neither. */
export function compressionOf(head: Uint8Array): Compression | undefined {
	if (head.length < 2) return undefined;
	const view = new DataView(head.buffer, head.byteOffset, head.length);
	if (view.getUint16(0) === GZIP_MAGIC) return "gzip";
	const magic = head.length < 4 ? 0 : view.getUint32(0, true);
	return magic === ZSTD_MAGIC || (magic & 0xfffffff0) >>> 0 === ZSTD_SKIPPABLE_MAGIC ? "zstd" : undefined;
}
