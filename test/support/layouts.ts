/** Image layouts for tests, in memory: blobs under their digests. */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type BlobSource, bytesBlob } from "../../src/blob.ts";
import { ComposefsError } from "../../src/errors.ts";
import { MEDIA_TYPES } from "../../src/media-types.ts";
import type { BlobFinder, Descriptor } from "../../src/oci/image.ts";
import type { Files } from "../../src/oci/layout.ts";

export interface LayerBlob {
	readonly bytes: Uint8Array;
	/** The tar, if `bytes` are compressed. */
	readonly tar?: Uint8Array;
	readonly mediaType?: string;
}

export function sha256(bytes: Uint8Array): string {
	return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** As a descriptor is written in a document. */
export interface RawDescriptor {
	readonly mediaType: string;
	readonly digest: string;
	readonly size: number;
	readonly annotations?: Readonly<Record<string, string>>;
	readonly platform?: object;
}

export class MemoryLayout implements BlobFinder, Files {
	readonly name = "layout";
	readonly files = new Map<string, Uint8Array>();

	constructor() {
		this.set("oci-layout", { imageLayoutVersion: "1.0.0" });
	}

	set(file: string, content: object): void {
		this.files.set(file, Buffer.from(JSON.stringify(content)));
	}

	add(content: Uint8Array | object, mediaType: string): RawDescriptor {
		const bytes = content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content));
		const digest = sha256(bytes);
		this.files.set(`blobs/${digest.replace(":", "/")}`, bytes);
		return { mediaType, digest, size: bytes.length };
	}

	/** An image; what is given of manifest and config comes on top. */
	image(
		layers: readonly LayerBlob[],
		{ config = {}, manifest = {} }: { config?: object; manifest?: object } = {},
	): RawDescriptor {
		const diffIds = layers.map(({ bytes, tar }) => sha256(tar ?? bytes));
		const rootfs = { type: "layers", diff_ids: diffIds };
		const document = { os: "linux", architecture: "amd64", rootfs, ...config };
		return this.add(
			{
				schemaVersion: 2,
				mediaType: MEDIA_TYPES.manifest,
				config: this.add(document, MEDIA_TYPES.config),
				layers: layers.map(({ bytes, mediaType = MEDIA_TYPES.layer }) => this.add(bytes, mediaType)),
				...manifest,
			},
			MEDIA_TYPES.manifest,
		);
	}

	addIndex(manifests: readonly RawDescriptor[]): RawDescriptor {
		return this.add({ schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests }, MEDIA_TYPES.index);
	}

	/** Writes `index.json`. */
	tag(...entries: readonly RawDescriptor[]): this {
		this.set("index.json", { schemaVersion: 2, manifests: entries });
		return this;
	}

	file(name: string): BlobSource {
		const bytes = this.files.get(name);
		if (bytes === undefined) throw new ComposefsError("ENOENT", `ENOENT: ${name}`, { path: name });
		return bytesBlob(bytes, name);
	}

	blob({ digest }: Descriptor): BlobSource {
		return this.file(`blobs/${digest.replace(":", "/")}`);
	}

	/** Writes the layout to a folder. */
	write(folder: string): void {
		for (const [name, bytes] of this.files) {
			mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
			writeFileSync(path.join(folder, name), bytes);
		}
	}
}

/** The descriptor of a document as the library has it. */
export function descriptor({ mediaType, digest, size }: RawDescriptor): Descriptor {
	return { mediaType, digest, size, annotations: new Map() };
}

export function tagged(entry: RawDescriptor, tag: string): RawDescriptor {
	return { ...entry, annotations: { "org.opencontainers.image.ref.name": tag } };
}
