/** A tar-split as text: what `tar-split.ts` reads. */
import { nameToBytes } from "../names.ts";

/** Numbers the lines as it makes them. */
export class TarSplitWriter {
	#position = 0;

	/** Bytes of the tar that are no content. */
	segment(bytes: Buffer): string {
		return `{"type":2,"payload":"${bytes.toString("base64")}","position":${this.#position++}}\n`;
	}

	/**
	 * The content of an entry, which may be empty.
	 *
	 * @param crc   CRC-64 of the content, in base64; undefined if it is empty
	 */
	file(name: string, size: number, crc: string | undefined): string {
		const key = name.isWellFormed()
			? `"name":${JSON.stringify(name)}`
			: `"name_raw":"${Buffer.from(nameToBytes(name)).toString("base64")}"`;
		const content = crc === undefined ? '"payload":null' : `"size":${size},"payload":"${crc}"`;
		return `{"type":1,${key},${content},"position":${this.#position++}}\n`;
	}
}
