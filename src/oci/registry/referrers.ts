/** Manifests that speak of another one, its `subject`: signatures, and composefs's metadata. */
import { ComposefsError } from "../../errors.ts";
import type { PutManifest } from "../copy/destination.ts";
import { Digester } from "../digest.ts";
import { parseIndex } from "../documents.ts";
import type { Descriptor } from "../image.ts";
import { MEDIA_TYPES } from "../media-types.ts";
import { readDocument } from "./document.ts";
import { showUrl } from "./fault.ts";
import { fetchManifest } from "./manifests.ts";
import { pushManifest } from "./push.ts";
import type { Place } from "./registry-blob.ts";

const LIST_LIMIT = 1 << 22;

/**
 * What speaks of a manifest. Registries older than version 1.1 of the specification have no list: there, clients keep
 * one, under a tag that is made of the digest.
 *
 * @returns their descriptors, which are the registry's word: whoever reads what they name checks it
 * @throws ComposefsError ERR_COMPOSEFS_REGISTRY; ERR_COMPOSEFS_OCI for a list that is none
 */
export async function listReferrers(
	place: Place,
	digest: string,
	artifactType: string,
	signal: AbortSignal | undefined,
): Promise<Descriptor[]> {
	const { endpoint, repository } = place;
	const answer = await endpoint.request({
		url: `/v2/${repository}/referrers/${digest}?artifactType=${encodeURIComponent(artifactType)}`,
		access: { repository, actions: "pull" },
		headers: { accept: MEDIA_TYPES.index },
		expected: [200, 404],
		signal,
	});
	const bytes = answer.status === 200 ? await readDocument(answer, LIST_LIMIT) : undefined;
	await answer.discard();
	const listed = bytes === undefined ? await taggedList(place, digest, signal) : parseList(bytes, answer.url);
	return listed.filter((referrer) => referrer.artifactType === artifactType);
}

/** Adds a manifest to the list that its subject has under a tag. */
export async function tagReferrer(
	place: Place,
	manifest: PutManifest,
	subject: string,
	signal: AbortSignal | undefined,
): Promise<void> {
	const { mediaType, digest, bytes, artifactType } = manifest;
	const listed = await taggedList(place, subject, signal);
	if (listed.some((referrer) => referrer.digest === digest)) return;
	const added = {
		mediaType,
		digest,
		size: bytes.length,
		artifactType,
		annotations: new Map<string, string>(),
	};
	const manifests = [...listed, added].map((entry) => ({
		...entry,
		annotations: entry.annotations.size > 0 ? Object.fromEntries(entry.annotations) : undefined,
	}));
	const text = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests });
	const list = Buffer.from(text);
	const digester = new Digester("sha256");
	digester.update(list);
	const index = { mediaType: MEDIA_TYPES.index, digest: digester.finish(), bytes: list, tag: tagOf(subject) };
	await pushManifest(place, index, signal);
}

async function taggedList(
	place: Place,
	digest: string,
	signal: AbortSignal | undefined,
): Promise<Descriptor[]> {
	try {
		const { bytes } = await fetchManifest(place, tagOf(digest), signal);
		return parseList(bytes, place.endpoint.base);
	} catch (error) {
		if (error instanceof ComposefsError && error.status === 404) return [];
		throw error;
	}
}

/** Tags have no colon, and at most 128 characters. */
function tagOf(digest: string): string {
	return digest.replace(":", "-").slice(0, 128);
}

function parseList(bytes: Buffer, where: URL): Descriptor[] {
	return [...parseIndex(bytes, { name: showUrl(where), mediaType: MEDIA_TYPES.index }).manifests];
}
