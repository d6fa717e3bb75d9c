/** Blobs and manifests to a registry. */
import type { BlobSource } from "../../blob.ts";
import type { PutManifest } from "../copy/destination.ts";
import type { Descriptor } from "../image.ts";
import { verifiedBlob } from "../verified.ts";
import { registryError } from "./fault.ts";
import { resolveLocation } from "./location.ts";
import type { Place } from "./registry-blob.ts";
import type { Answer } from "./transport.ts";

/**
 * Uploads a blob in one piece, unless the repository has it.
 *
 * @returns whether it had it
 */
export async function pushBlob(
	{ endpoint, repository }: Place,
	{ digest, size }: Descriptor,
	blob: BlobSource,
	signal: AbortSignal | undefined,
): Promise<boolean> {
	const access = { repository, actions: "pull,push" } as const;
	const request = { access, signal };
	const head = { ...request, method: "HEAD", url: `/v2/${repository}/blobs/${digest}` } as const;
	const found = await endpoint.request({ ...head, expected: [200, 404] });
	await found.discard();
	if (found.status === 200) return true;
	const attempts = endpoint.attempts(signal);
	for (;;) {
		const begin = { ...request, method: "POST", url: `/v2/${repository}/blobs/uploads/` } as const;
		const begun = await endpoint.request({ ...begin, headers: { "content-length": "0" }, expected: [202] });
		const url = uploadUrl(begun, endpoint.base);
		await begun.discard();
		url.searchParams.set("digest", digest);
		const headers = { "content-type": "application/octet-stream", "content-length": String(size) };
		// fetch waits for ever with a body that is said to be empty and still has to be read.
		const body = size === 0 ? undefined : () => verifiedBlob(blob, digest, size).read({ signal });
		try {
			// A session that broke is not gone on with: each attempt has its own.
			const put = { ...request, method: "PUT", url, headers, body, retries: 0 } as const;
			const done = await endpoint.request({ ...put, expected: [201, 204] });
			await done.discard();
			return false;
		} catch (error) {
			await attempts.next(error);
		}
	}
}

/** The bytes of an image are for its registry: an upload that leads elsewhere is refused. */
function uploadUrl({ headers, url }: Answer, base: URL): URL {
	const location = headers.get("location") ?? "";
	const target = resolveLocation(location, url);
	if (location !== "" && target?.origin === base.origin) return target;
	throw registryError("upload", url, "names no place of its own for the upload");
}

/**
 * Stores a manifest under its digest and tag.
 *
 * @returns whether the registry lists it with those that speak of its subject
 */
export async function pushManifest(
	{ endpoint, repository }: Place,
	{ mediaType, digest, bytes, tag }: PutManifest,
	signal: AbortSignal | undefined,
): Promise<boolean> {
	const answer = await endpoint.request({
		method: "PUT",
		url: `/v2/${repository}/manifests/${tag ?? digest}`,
		access: { repository, actions: "pull,push" },
		headers: { "content-type": mediaType },
		body: bytes,
		expected: [201],
		signal,
	});
	await answer.discard();
	return answer.headers.has("oci-subject");
}
