/** OCI image layouts: `oci-layout`, `index.json` and blobs under their digests, in a folder or an archive. */
import { stat } from "node:fs/promises";
import { type BlobSource, fileBlob, readBlob } from "../blob.ts";
import { ComposefsError, withPrefix } from "../errors.ts";
import { type FilePath, pathToBytes, pathToString } from "../file-path.ts";
import { systemCall } from "../system-call.ts";
import { parseDigest } from "./digest.ts";
import { DOCUMENT_LIMIT, parseIndex } from "./documents.ts";
import { ociError } from "./fault.ts";
import { Fields } from "./fields.ts";
import type { BlobFinder, Descriptor, ImageProvider, Index, ResolvedImage, ResolveOptions } from "./image.ts";
import { parseJson } from "./json.ts";
import { requestOf, resolveAmong, resolveImage } from "./resolve.ts";

/** Files by their paths, slashes between the names: those of a folder or an archive. */
export interface Files {
	/** What errors call them. */
	readonly name: string;
	/** A file, not looked for yet: its size or its first read says if it is there. */
	file(path: string): BlobSource;
}

/** Annotations by which an entry of `index.json` can be asked for. */
const NAMES = ["org.opencontainers.image.ref.name", "io.containerd.image.name"];

/** Layouts of these versions are read. */
const VERSION = /^1\./;

/**
 * An image layout. References are the tags that `index.json` gives its entries, or digests of them; entries of the same
 * tag are told apart by their platforms.
 */
export class OciLayout implements ImageProvider, BlobFinder {
	readonly #files: Files;
	readonly index: Index;

	/** Use `openLayout`. */
	constructor(files: Files, index: Index) {
		this.#files = files;
		this.index = index;
	}

	get name(): string {
		return this.#files.name;
	}

	blob({ digest }: Descriptor): BlobSource {
		const { algorithm, hex } = parseDigest(digest);
		return this.#files.file(`blobs/${algorithm}/${hex}`);
	}

	/** @throws ComposefsError as `resolveImage` does; `ERR_COMPOSEFS_OCI`, rule `reference` */
	async resolve(reference?: string | ResolveOptions, options?: ResolveOptions): Promise<ResolvedImage> {
		const { named, ...rest } = requestOf(reference, options);
		const found = this.find(named);
		const only = found.length === 1 ? found[0] : undefined;
		return only === undefined ? resolveAmong(this, found, rest) : resolveImage(this, only, rest);
	}

	/**
	 * The entries of `index.json` that a reference stands for; without one, the only entry, artifacts (such as the seal
	 * of an image) aside.
	 *
	 * @throws ComposefsError `ERR_COMPOSEFS_OCI`, rule `reference`
	 */
	find(reference?: string): Descriptor[] {
		const { manifests } = this.index;
		const found = manifests.filter((entry) =>
			reference === undefined ? entry.artifactType === undefined : isNamed(entry, reference),
		);
		const ambiguous = reference === undefined && new Set(found.map(tagOf)).size > 1;
		if (found.length > 0 && !ambiguous) return found;
		const problem = ambiguous ? "which image?" : `has no image ${JSON.stringify(reference ?? "")}.`;
		const images = manifests.filter((entry) => entry.artifactType === undefined);
		const tags = images.map((entry) => tagOf(entry) ?? entry.digest).slice(0, 20);
		throw ociError("reference", `${this.name}: ${problem} There are: ${tags.join(", ") || "none"}`);
	}
}

/**
 * Opens an image layout in a folder.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_OCI` with `rule`; the error of a system call
 */
export async function openLayout(
	path: FilePath,
	options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<OciLayout> {
	return readLayout(folderFiles(path), options.signal);
}

/** The layout that some files are. */
export async function readLayout(files: Files, signal?: AbortSignal): Promise<OciLayout> {
	const read = (blob: BlobSource) => readBlob(blob, { limit: DOCUMENT_LIMIT, signal });
	const layout = files.file("oci-layout");
	const bytes = await read(layout).catch((error) => {
		const { code, path } = error;
		throw code === "ENOENT" ? withPrefix(`${files.name}: is no image layout`, error, { path }) : error;
	});
	const marker = new Fields(parseJson(bytes, layout.name), layout.name);
	if (!VERSION.test(marker.string("imageLayoutVersion")))
		throw marker.fault("imageLayoutVersion", "is not 1");
	const index = files.file("index.json");
	return new OciLayout(files, parseIndex(await read(index), { name: index.name }));
}

function tagOf({ annotations }: Descriptor): string | undefined {
	return annotations.get(NAMES[0] as string);
}

function isNamed({ annotations, digest }: Descriptor, reference: string): boolean {
	return digest === reference || NAMES.some((name) => annotations.get(name) === reference);
}

function folderFiles(path: FilePath): Files {
	const folder = Buffer.from(pathToBytes(path));
	const name = pathToString(path);
	return {
		name,
		file: (file) => regularFile(Buffer.concat([folder, Buffer.from(`/${file}`)]), `${name}/${file}`),
	};
}

/** A blob that is a file: a pipe in its place would be waited for. */
function regularFile(place: Buffer, name: string): BlobSource {
	const blob = fileBlob(place);
	const size = async () => {
		const found = await systemCall(stat(place), name);
		if (!found.isFile())
			throw new ComposefsError("ERR_COMPOSEFS_OCI", `${name}: is no file`, { rule: "blob-file", path: name });
		return found.size;
	};
	return {
		name,
		size,
		read: async function* (options) {
			await size();
			yield* blob.read(options);
		},
	};
}
