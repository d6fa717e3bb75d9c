/** What manifests say of blobs, and of each other. */

/** By name; empty where the document has none. */
export type Annotations = ReadonlyMap<string, string>;

/** What a document says of another, or of a blob. */
export interface Descriptor {
	readonly mediaType: string;
	/** `sha256:` and 64 digits, or `sha512:` and 128. */
	readonly digest: string;
	/** Bytes */
	readonly size: number;
	readonly annotations: Annotations;
	/** Of a manifest in an index. */
	readonly platform?: Platform | undefined;
	readonly artifactType?: string | undefined;
}

/** By the names that Go has for them: `linux`, `amd64`, `arm64` and variant `v8`. */
export interface Platform {
	readonly os: string;
	readonly architecture: string;
	readonly variant?: string | undefined;
}

/** A Map that JSON.stringify writes as manifests have it: of a plain one it would leave nothing. */
export class AnnotationMap extends Map<string, string> {
	toJSON(): Record<string, string> {
		return Object.fromEntries(this);
	}
}

/** A descriptor of a blob, as a document has it. */
export function descriptorJson({ mediaType, digest, size, annotations }: Descriptor): object {
	return {
		mediaType,
		digest,
		size,
		...(annotations.size > 0 && { annotations: Object.fromEntries(annotations) }),
	};
}
