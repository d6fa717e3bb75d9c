/** Objects are named after their digests. */

/** `ab/cdef…`, as mkcomposefs names objects. */
export function objectPath(digest: string): string {
	return `${digest.slice(0, 2)}/${digest.slice(2)}`;
}

export function isObjectPath(path: string): boolean {
	return /^[0-9a-f]{2}\/[0-9a-f]{62}$/.test(path);
}

/** The digest in an object's path, if it is one. */
export function digestOfPath(path: string): string | undefined {
	return isObjectPath(path) ? path.replace("/", "") : undefined;
}
