/** Values of xattrs, of which few differ: labels repeat; what is long does not. */
import type { Bytes } from "./byte-pool.ts";

const MOST = 4096;
const LONGEST = 128;

/** Equal texts have the same array as their value. */
export class SharedValues {
	readonly #values = new Map<string, Uint8Array>();

	/** The value of a text, `make` if it is not known yet. */
	get(bytes: Bytes, start: number, end: number, make: () => Uint8Array): Uint8Array {
		if (end - start > LONGEST) return make();
		const text = bytes.latin1Slice(start, end);
		const known = this.#values.get(text);
		if (known !== undefined) return known;
		const value = make();
		if (this.#values.size < MOST) this.#values.set(text, value);
		return value;
	}

	clear(): void {
		this.#values.clear();
	}
}
