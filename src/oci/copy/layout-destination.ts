/** An OCI image layout, written: a folder of blobs and an index of what is in them. */
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { untilAbort } from "../../abort.ts";
import { type BlobSource, bytesBlob } from "../../blob.ts";
import { ComposefsError } from "../../errors.ts";
import { type FilePath, pathToString } from "../../file-path.ts";
import { MEDIA_TYPES } from "../../media-types.ts";
import { Replacement, syncPlace } from "../../replacement.ts";
import { systemCall } from "../../system-call.ts";
import { parseDigest } from "../digest.ts";
import { ociError } from "../fault.ts";
import type { Descriptor } from "../image.ts";
import { checkIsTag, type ImageDestination, type PutManifest, type SignalOptions } from "./destination.ts";
import { downloadBlob } from "./partial-blob.ts";

const REF_NAME = "org.opencontainers.image.ref.name";
/** Whole names of images, too, as other tools have it. */
const TAG = /^\w[\w.+:@/-]*$/;
const LAYOUT = '{"imageLayoutVersion":"1.0.0"}';
/** As much as is read of a manifest. */
const INDEX_LIMIT = 1 << 22;

interface IndexEntry {
	readonly digest?: unknown;
	readonly annotations?: Readonly<Record<string, unknown>>;
}

interface IndexDocument {
	manifests: IndexEntry[];
}

/** Folders whose index is being written, by their inodes, whatever they are called; with the end of that. */
const indexing = new Map<string, Promise<void>>();

/**
 * A layout that is made, or added to. A blob is there whole or not at all, and the index is replaced in one step;
 * what is interrupted goes on where it ended. One thread of one process at a time may write tags of a layout; any number,
 * blobs.
 */
export class LayoutDestination implements ImageDestination {
	readonly name: string;
	readonly #folder: string;
	/**
	 * Of this destination alone: a blob may come by way of another one in the same folder, as that of a cachedImage does,
	 * and whoever waited for that would wait for itself.
	 */
	readonly #running = new Map<string, Promise<boolean>>();

	constructor(folder: FilePath) {
		this.#folder = pathToString(folder);
		this.name = this.#folder;
	}

	checkTag(tag: string): void {
		checkIsTag(tag, TAG);
	}

	async putBlob(descriptor: Descriptor, blob: BlobSource, { signal }: SignalOptions = {}): Promise<boolean> {
		const { digest } = descriptor;
		// Whoever is at it may be stopped by a signal of its own: then it is looked for again.
		for (let other = this.#running.get(digest); other; other = this.#running.get(digest))
			await untilAbort(
				other.catch(() => undefined),
				signal,
			);
		const run = this.#download(descriptor, blob, signal);
		this.#running.set(digest, run);
		try {
			return await run;
		} finally {
			this.#running.delete(digest);
		}
	}

	async putManifest(manifest: PutManifest, options: SignalOptions = {}): Promise<void> {
		const { mediaType, digest, bytes, artifactType } = manifest;
		if (manifest.tag !== undefined) this.checkTag(manifest.tag);
		const descriptor = { mediaType, digest, size: bytes.length, annotations: new Map<string, string>() };
		await this.putBlob(descriptor, bytesBlob(bytes, digest), options);
		const entry = {
			mediaType,
			digest,
			size: bytes.length,
			...(artifactType !== undefined && { artifactType }),
			...(manifest.tag !== undefined && { annotations: { [REF_NAME]: manifest.tag } }),
		};
		await this.#inTurn(() => this.#addToIndex(entry, manifest.tag));
	}

	/** Of all that this thread writes to the index of this folder, one at a time. */
	async #inTurn(work: () => Promise<void>): Promise<void> {
		const { dev, ino } = await systemCall(stat(this.#folder), this.#folder);
		const key = `${dev}:${ino}`;
		const done = (indexing.get(key) ?? Promise.resolve()).then(work);
		const settled = done.catch(() => undefined);
		indexing.set(key, settled);
		try {
			await done;
		} finally {
			if (indexing.get(key) === settled) indexing.delete(key);
		}
	}

	/** False if the blob had to be fetched. */
	async #download(
		descriptor: Descriptor,
		blob: BlobSource,
		signal: AbortSignal | undefined,
	): Promise<boolean> {
		signal?.throwIfAborted();
		const { algorithm, hex } = parseDigest(descriptor.digest);
		const folder = path.join(this.#folder, "blobs", algorithm);
		if (await hasBlob(folder, hex, descriptor.size)) return true;
		await downloadBlob(folder, descriptor, blob, signal);
		return false;
	}

	async #addToIndex(entry: IndexEntry, tag: string | undefined): Promise<void> {
		const file = path.join(this.#folder, "index.json");
		const index = await readIndex(file);
		index.manifests = withEntry(index.manifests, entry, tag);
		const text = JSON.stringify(index);
		checkIndexSize(file, Buffer.byteLength(text));
		const marker = path.join(this.#folder, "oci-layout");
		await systemCall(replaceFile(marker, LAYOUT), marker);
		await systemCall(replaceFile(file, text), file);
	}
}

/**
 * A tag is of one manifest, and a manifest without a tag is there once, unless it has a tag too. What others say of it
 * stays: its platform, and a name that containerd gave it, by which it can be asked for.
 */
function withEntry(entries: readonly IndexEntry[], entry: IndexEntry, tag: string | undefined): IndexEntry[] {
	const isSame = (other: IndexEntry) => other.digest === entry.digest;
	if (tag === undefined) return entries.some(isSame) ? [...entries] : [...entries, entry];
	const tagOf = ({ annotations }: IndexEntry) => annotations?.[REF_NAME];
	const isReplaced = (other: IndexEntry) =>
		tagOf(other) === tag || (isSame(other) && tagOf(other) === undefined);
	const known = entries.filter((other) => isReplaced(other) && isSame(other));
	let merged = entry;
	for (const other of known) {
		const annotations = { ...other.annotations, ...merged.annotations };
		merged = { ...other, ...merged, annotations };
	}
	return [...entries.filter((other) => !isReplaced(other)), merged];
}

/** Its name is given when it is complete; but whoever gave it may not have come to sync it, or not do that at all. */
async function hasBlob(folder: string, hex: string, size: number): Promise<boolean> {
	const file = path.join(folder, hex);
	const found = await stat(file).catch(() => undefined);
	if (!found?.isFile() || found.size !== size) return false;
	try {
		await systemCall(syncPlace(file), file);
		await systemCall(syncPlace(folder), folder);
		return true;
	} catch (error) {
		// Whoever shares the folder was done with it.
		if (error instanceof ComposefsError && error.code === "ENOENT") return false;
		throw error;
	}
}

async function readIndex(file: string): Promise<IndexDocument> {
	let index: unknown;
	try {
		const bytes = await systemCall(readFile(file), file);
		if (bytes.length <= INDEX_LIMIT) index = JSON.parse(bytes.toString("utf8"));
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT")
			return Object.assign({ schemaVersion: 2, mediaType: MEDIA_TYPES.index }, { manifests: [] });
		if (!(error instanceof SyntaxError)) throw error;
	}
	const { manifests } = (index ?? {}) as { manifests?: unknown };
	const isIndex =
		Array.isArray(manifests) && manifests.every((entry) => typeof entry === "object" && entry !== null);
	if (!isIndex) throw ociError("index", `${file}: is not the index of a layout`, { path: file });
	return index as IndexDocument;
}

/** Of one that is larger, nobody could read any image. */
function checkIndexSize(file: string, actual: number): void {
	if (actual <= INDEX_LIMIT) return;
	const text = `${file}: with this image it would have ${actual} bytes, of which ${INDEX_LIMIT} are read`;
	throw ociError("index", text, { path: file, limit: INDEX_LIMIT, actual });
}

async function replaceFile(file: string, text: string): Promise<void> {
	const replacement = await Replacement.open(Buffer.from(file));
	try {
		await replacement.handle.writeFile(text);
		await replacement.publish();
	} catch (error) {
		await replacement.discard();
		throw error;
	}
}
