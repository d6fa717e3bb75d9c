/** Digests as names of objects. */
import { argumentError } from "../errors.ts";

/** The digits of a digest, in lower case; `sha256:` may stand in front. */
export function checkDigest(digest: string): string {
	const digits = /^(?:sha256:)?([0-9a-f]{64})$/i.exec(digest)?.[1];
	if (digits === undefined) throw argumentError(`a digest is 64 hexadecimal digits, not ${digest}`);
	return digits.toLowerCase();
}

/** `ab/cdef…`, as mkcomposefs names objects. */
export function objectPath(digest: string): string {
	return `${digest.slice(0, 2)}/${digest.slice(2)}`;
}

/** The digest in an object's path, if it is one. */
export function digestOfPath(path: string): string | undefined {
	return /^[0-9a-f]{2}\/[0-9a-f]{62}$/.test(path) ? path.replace("/", "") : undefined;
}
