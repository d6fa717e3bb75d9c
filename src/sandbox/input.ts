/**
 * What goes into a request, where it is more than one run of bytes: pieces, each behind its length in four bytes,
 * little-endian. A length of 0 ends a document.
 */
type Write = (bytes: Uint8Array) => void;

const HEADER = 4;

export function writePiece(piece: Uint8Array, write: Write): void {
	if (piece.length === 0) return;
	write(lengthOf(piece.length));
	write(piece);
}

export function endDocument(write: Write): void {
	write(lengthOf(0));
}

function lengthOf(length: number): Uint8Array {
	const header = Buffer.alloc(HEADER);
	header.writeUInt32LE(length, 0);
	return header;
}

/** The pieces, and undefined where a document ends. */
export function* readPieces(input: Buffer): Generator<Buffer | undefined, void, undefined> {
	for (let at = 0; at < input.length; ) {
		const start = at + HEADER;
		at = start + input.readUInt32LE(at);
		yield at === start ? undefined : input.subarray(start, at);
	}
}

export function readDocuments(input: Buffer): Uint8Array[][] {
	const documents: Uint8Array[][] = [];
	let pieces: Uint8Array[] = [];
	for (const piece of readPieces(input)) {
		if (piece !== undefined) {
			pieces.push(piece);
			continue;
		}
		documents.push(pieces);
		pieces = [];
	}
	return documents;
}
