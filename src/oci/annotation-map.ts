/** Annotations of manifests and descriptors. */

/** A Map that JSON.stringify writes as manifests have it: of a plain one it would leave nothing. */
export class AnnotationMap extends Map<string, string> {
	toJSON(): Record<string, string> {
		return Object.fromEntries(this);
	}
}
