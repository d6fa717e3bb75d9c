/** Manifests and indexes, which a registry keeps apart from blobs. */
import { MEDIA_TYPES } from "../../media-types.ts";
import { digestOf, parseDigest } from "../digest.ts";
import { expectDigest } from "../verified.ts";
import { readDocument } from "./document.ts";
import { registryError, showUrl } from "./fault.ts";
import type { Place } from "./registry-blob.ts";

/** A manifest as the registry has it. */
export interface FetchedManifest {
	/** Checked, if it was asked for by its digest; else computed. */
	readonly digest: string;
	/** By its own word, or else the registry's. */
	readonly mediaType: string;
	readonly bytes: Buffer;
}

/** What the specification tells registries to take, and no image needs more. */
const MANIFEST_LIMIT = 1 << 22;
/** All of them: a registry answers 404 if what it has is not named. */
const ACCEPT = [
	MEDIA_TYPES.index,
	MEDIA_TYPES.manifest,
	MEDIA_TYPES.dockerManifestList,
	MEDIA_TYPES.dockerManifest,
].join(", ");

/**
 * Reads a manifest or index.
 *
 * @param reference a tag or a digest
 * @throws ComposefsError ERR_COMPOSEFS_REGISTRY, with `status` 404 if there is none; ERR_COMPOSEFS_DIGEST
 */
export async function fetchManifest(
	{ endpoint, repository }: Place,
	reference: string,
	signal: AbortSignal | undefined,
): Promise<FetchedManifest> {
	const attempts = endpoint.attempts(signal);
	for (;;) {
		const answer = await endpoint.request({
			url: `/v2/${repository}/manifests/${reference}`,
			access: { repository, actions: "pull" },
			headers: { accept: ACCEPT },
			expected: [200],
			signal,
		});
		try {
			const bytes = await readDocument(answer, MANIFEST_LIMIT);
			const said = answer.headers.get("docker-content-digest");
			const digest = checkedDigest(showUrl(answer.url), bytes, reference, said);
			return { digest, bytes, mediaType: mediaTypeOf(bytes, answer.headers.get("content-type"), answer.url) };
		} catch (error) {
			await attempts.next(error);
		}
	}
}

function checkedDigest(name: string, bytes: Buffer, reference: string, said: string | null): string {
	const expected = reference.includes(":") ? reference : said;
	const digest = digestOf(bytes, expected === null ? "sha256" : parseDigest(expected).algorithm);
	if (expected !== null) expectDigest(name, expected, digest);
	return digest;
}

/** A document that names its type is of that type: the header is not covered by the digest. An empty name is none. */
function mediaTypeOf(bytes: Buffer, contentType: string | null, url: URL): string {
	let document: unknown;
	try {
		document = JSON.parse(bytes.toString("utf8"));
	} catch {
		document = undefined;
	}
	if (typeof document !== "object" || document === null)
		throw registryError("document", url, "answers with something else than a manifest in JSON");
	const { mediaType } = document as { mediaType?: unknown };
	if (typeof mediaType === "string" && mediaType !== "") return mediaType;
	return (contentType ?? "").replace(/;.*$/s, "").trim();
}
