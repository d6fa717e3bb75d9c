/** Manifests that speak of another one, its `subject`: signatures, and composefs's metadata. */
import { ComposefsError } from "../../errors.ts";
import { MEDIA_TYPES } from "../../media-types.ts";
import type { PutManifest } from "../copy/destination.ts";
import { digestOf } from "../digest.ts";
import { parseIndex } from "../documents.ts";
import type { Descriptor } from "../image.ts";
import { readDocument } from "./document.ts";
import { registryError, showUrl } from "./fault.ts";
import { resolveLocation } from "./location.ts";
import { fetchManifest } from "./manifests.ts";
import { pushManifest } from "./push.ts";
import type { Place } from "./registry-blob.ts";
import type { Answer } from "./transport.ts";

/** Bytes of all pages. */
const LIST_LIMIT = 1 << 22;
const MOST_PAGES = 100;

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
	const access = { repository, actions: "pull" } as const;
	const request = { access, headers: { accept: MEDIA_TYPES.index }, signal };
	const first = `/v2/${repository}/referrers/${digest}?artifactType=${encodeURIComponent(artifactType)}`;
	let answer = await endpoint.request({ ...request, url: first, expected: [200, 404] });
	const listed: Descriptor[] = [];
	if (answer.status === 404) {
		await answer.discard();
		listed.push(...(await taggedList(place, digest, signal)));
	} else
		for (let pages = 1, left = LIST_LIMIT; ; pages++) {
			const bytes = await readDocument(answer, left);
			left -= bytes.length;
			for (const referrer of parseList(bytes, answer.url)) listed.push(referrer);
			const url = nextPage(answer);
			if (url === undefined) break;
			if (pages === MOST_PAGES)
				throw registryError("document", answer.url, `the list has more than ${MOST_PAGES} pages`);
			answer = await endpoint.request({ ...request, url, expected: [200] });
		}
	return listed.filter((referrer) => referrer.artifactType === artifactType);
}

/** A link of a header, and one of its parameters (RFC 8288). */
const LINK = /<([^<>]*)>((?:[^,"]|"(?:[^"\\]|\\.)*")*)/g;
const PARAMETER = /;[ \t]*([^\s=;,"]+)(?:[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?/g;

/** What a list's answer calls its next page. */
function nextOf(header: string): string | undefined {
	for (const [, target, parameters = ""] of header.matchAll(LINK))
		for (const [, name, quoted, plain] of parameters.matchAll(PARAMETER)) {
			if (name?.toLowerCase() !== "rel") continue;
			if ((quoted ?? plain ?? "").toLowerCase().split(/\s+/).includes("next")) return target;
			break; // only the first counts
		}
	return undefined;
}

/** Where a list goes on, which is with the same server. */
function nextPage({ headers, url }: Answer): URL | undefined {
	const target = nextOf(headers.get("link") ?? "");
	if (target === undefined) return undefined;
	const next = resolveLocation(target, url);
	if (next?.origin === url.origin) return next;
	throw registryError("document", url, "the list goes on somewhere else");
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
	const index = { mediaType: MEDIA_TYPES.index, digest: digestOf(list), bytes: list, tag: tagOf(subject) };
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
