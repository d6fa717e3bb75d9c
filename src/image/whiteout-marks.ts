/** The xattrs that libcomposefs adds to a directory with whiteouts in it, and to a whiteout itself. */
const WHITEOUTS_MARKS = ["trusted.overlay.whiteouts", "user.overlay.whiteouts"];
const OPAQUE_MARKS = ["trusted.overlay.opaque", "user.overlay.opaque"];
const WHITEOUT_MARKS = ["trusted.overlay.whiteout", "user.overlay.whiteout"];
const X = 0x78;

/** A directory looks as one with whiteouts does; `version` is composefs's. */
export function hasWhiteoutsMarks(xattrs: Map<string, Uint8Array> | undefined, version: number): boolean {
	if (xattrs === undefined || !WHITEOUTS_MARKS.every((name) => xattrs.get(name)?.length === 0)) return false;
	const isX = (value: Uint8Array | undefined) => value?.length === 1 && value[0] === X;
	return version === 0 || OPAQUE_MARKS.every((name) => isX(xattrs.get(name)));
}

export function hasWhiteoutMarks(xattrs: Map<string, Uint8Array> | undefined): boolean {
	return xattrs !== undefined && WHITEOUT_MARKS.every((name) => xattrs.get(name)?.length === 0);
}

/** Takes the marks of a directory with whiteouts away. */
export function dropWhiteoutsMarks(xattrs: Map<string, Uint8Array>, version: number): void {
	for (const name of version === 0 ? WHITEOUTS_MARKS : [...WHITEOUTS_MARKS, ...OPAQUE_MARKS])
		xattrs.delete(name);
}

export function dropWhiteoutMarks(xattrs: Map<string, Uint8Array>): void {
	for (const name of WHITEOUT_MARKS) xattrs.delete(name);
}
