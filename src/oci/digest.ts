/** Digests as the image specification writes them: `sha256:` or `sha512:`, and lower-case hexadecimal digits. */
import { createHash, type Hash } from "node:crypto";
import { ociError } from "./fault.ts";
import type { Descriptor } from "./image.ts";

export interface ParsedDigest {
	readonly algorithm: "sha256" | "sha512";
	/** 64 or 128 lower-case digits */
	readonly hex: string;
}

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/**
 * Takes a digest apart. Nothing but the two registered algorithms and their exact lengths is taken, so that the parts
 * can be names of files.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_OCI`, rule `digest`
 */
export function parseDigest(digest: string): ParsedDigest {
	if (typeof digest !== "string" || !DIGEST.test(digest))
		throw ociError("digest", `${JSON.stringify(String(digest).slice(0, 160))} is no sha256 or sha512 digest`);
	return { algorithm: digest.slice(0, 6) as ParsedDigest["algorithm"], hex: digest.slice(7) };
}

/** The digest of bytes that are all there. */
export function digestOf(bytes: Uint8Array, algorithm: ParsedDigest["algorithm"] = "sha256"): string {
	return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

/** What a manifest says of bytes, with their SHA-256. */
export function describeBytes(bytes: Uint8Array, mediaType: string): Descriptor {
	return { mediaType, digest: digestOf(bytes), size: bytes.length, annotations: new Map() };
}

/** The hash of a digest's algorithm, for bytes that come in pieces. */
export class Digester {
	readonly #algorithm: ParsedDigest["algorithm"];
	readonly #hash: Hash;

	constructor(algorithm: ParsedDigest["algorithm"]) {
		this.#algorithm = algorithm;
		this.#hash = createHash(algorithm);
	}

	update(bytes: Uint8Array): void {
		this.#hash.update(bytes);
	}

	/** The digest of what came; nothing can come after. */
	finish(): string {
		return `${this.#algorithm}:${this.#hash.digest("hex")}`;
	}
}
