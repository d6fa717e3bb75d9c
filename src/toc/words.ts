/** Four bytes at a time: most of a table is read no other way than to see that nothing special is in it. */

/** Where the next quote, backslash, control character or byte beyond ASCII is at the earliest, up to three bytes before it. */
export function skipPlain(view: DataView, at: number, end: number): number {
	let next = at;
	while (next + 4 <= end && isPlain(view.getInt32(next))) next += 4;
	return next;
}

/**
 * Whether four bytes are all plain. Each term has the upper bit of a byte set that is beyond ASCII, below a space, a quote, a
 * backslash; a borrow from such a byte may set that of its neighbour too, which changes nothing.
 */
function isPlain(word: number): boolean {
	const control = word - 0x20202020;
	const quote = (word ^ 0x22222222) - 0x01010101;
	const backslash = (word ^ 0x5c5c5c5c) - 0x01010101;
	return ((word | control | quote | backslash) & 0x80808080) === 0;
}

/** How many bytes at two places are equal, up to `length`. */
export function sharedLength(view: DataView, a: number, b: number, length: number): number {
	let shared = 0;
	while (shared + 4 <= length && view.getInt32(a + shared) === view.getInt32(b + shared)) shared += 4;
	while (shared < length && view.getUint8(a + shared) === view.getUint8(b + shared)) shared++;
	return shared;
}

/** Text of at least four bytes that is often looked for, such as a key with its quotes. */
export class Token {
	readonly length: number;
	/** Of the bytes, four at a time; the last word may begin within the one before. */
	private readonly words: Int32Array;

	constructor(text: string) {
		const bytes = Buffer.from(text, "latin1");
		this.length = bytes.length;
		this.words = new Int32Array(Math.ceil(bytes.length / 4));
		for (let n = 0; n < this.words.length; n++) this.words[n] = bytes.readInt32BE(this.#placeOf(n));
	}

	/** Whether it stands there; the view must reach as far. */
	isAt(view: DataView, at: number): boolean {
		const { words } = this;
		for (let n = 0; n < words.length; n++)
			if (view.getInt32(at + this.#placeOf(n)) !== words[n]) return false;
		return true;
	}

	#placeOf(word: number): number {
		return Math.min(word * 4, this.length - 4);
	}
}
