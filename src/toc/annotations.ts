/** What a layer's annotations say of its table of contents. */
import { refuse } from "./fault.ts";
import type { TocLocation, TocSpan } from "./location.ts";

const NAMESPACES = ["io.github.containers.zstd-chunked", "io.containers.zstd-chunked"];
const ESTARGZ_DIGEST = "containerd.io/snapshot/stargz/toc.digest";

const DIGEST = /^sha256:[0-9a-f]{64}$/;
/** Of manifests that are lists of entries, as here: the only type there has ever been. */
const MANIFEST_TYPE = "1";

/** eStargz has its table's digest in an annotation, and the place in the blob's footer. */
export interface EstargzAnnotation {
	readonly format: "estargz";
	/** `sha256:` and 64 digits: of the uncompressed table. */
	readonly digest: string;
}

/** What annotations tell; undefined if they tell of no table. Two formats at once are refused. */
export function readAnnotations(
	annotations: ReadonlyMap<string, string>,
): TocLocation | EstargzAnnotation | undefined {
	const used = NAMESPACES.filter((namespace) => annotations.has(`${namespace}.manifest-checksum`));
	const estargz = annotations.get(ESTARGZ_DIGEST);
	if (used.length + (estargz === undefined ? 0 : 1) > 1)
		refuse("annotation", "annotations of two formats are on one layer");
	if (estargz !== undefined) return { format: "estargz", digest: checkDigest(ESTARGZ_DIGEST, estargz) };
	const [namespace] = used;
	return namespace === undefined ? undefined : readZstdChunked(annotations, namespace);
}

function readZstdChunked(annotations: ReadonlyMap<string, string>, namespace: string): TocLocation {
	const name = `${namespace}.manifest-checksum`;
	const digest = checkDigest(name, annotations.get(name) ?? "");
	const position = `${namespace}.manifest-position`;
	const numbers = (annotations.get(position) ?? "").split(":");
	if (numbers.length !== 4 || numbers[3] !== MANIFEST_TYPE) refusePosition(position, annotations);
	const tarSplit = `${namespace}.tarsplit-position`;
	const split = annotations.get(tarSplit);
	return {
		format: "zstd:chunked",
		digest,
		toc: spanOf(numbers.slice(0, 3)) ?? refusePosition(position, annotations),
		tarSplit:
			split === undefined ? undefined : (spanOf(split.split(":")) ?? refusePosition(tarSplit, annotations)),
	};
}

function checkDigest(name: string, digest: string): string {
	if (!DIGEST.test(digest))
		refuse("annotation", `${name}: ${JSON.stringify(digest.slice(0, 80))} is no SHA-256 digest`);
	return digest;
}

function spanOf(texts: readonly string[]): TocSpan | undefined {
	if (texts.length !== 3 || !texts.every((text) => /^(0|[1-9]\d{0,15})$/.test(text))) return undefined;
	const [offset, compressedSize, size] = texts.map(Number) as [number, number, number];
	if (![offset, compressedSize, size].every(Number.isSafeInteger)) return undefined;
	return { offset, compressedSize, size };
}

function refusePosition(name: string, annotations: ReadonlyMap<string, string>): never {
	const text = JSON.stringify((annotations.get(name) ?? "").slice(0, 80));
	refuse("annotation", `${name}: ${text} is no position of a table`);
}
