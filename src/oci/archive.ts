/** Archives that hold images: `oci-archive`, and what `docker save` writes. */
import { type BlobSource, fileBlob, readBlob } from "../blob.ts";
import { compressionOf } from "../compression.ts";
import { ComposefsError, inFile } from "../errors.ts";
import type { FilePath } from "../file-path.ts";
import { readTar } from "../tar/read.ts";
import { type DockerArchive, readDockerArchive } from "./docker-archive.ts";
import { entryNames } from "./entry-path.ts";
import { ociError } from "./fault.ts";
import { type Files, type OciLayout, readLayout } from "./layout.ts";

/** Where in an archive a file's bytes are, or which other file it is; those of a sparse file are not in one piece. */
type Member =
	| { readonly start: number; readonly size: number }
	| { readonly target: string }
	| { readonly isSparse: true };

const HEADER_SIZE = 512;
/** Members of an archive. */
const MAX_MEMBERS = 200_000;
/** Links from one member to another. */
const MAX_LINKS = 8;

/**
 * Opens an archive, uncompressed, that holds an image layout or, without one, Docker's manifest.json. It is gone through
 * once for the places of its files, which are then read from there.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_OCI` with `rule`, `ERR_COMPOSEFS_TAR`; `ENOENT` where it has neither, or lacks what
 *   they name; the error of a system call
 */
export async function openArchive(
	path: FilePath,
	options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<OciLayout | DockerArchive> {
	const { signal } = options;
	const blob = fileBlob(path);
	const found = await members(blob, signal).catch((error) => {
		throw error.code === "ERR_COMPOSEFS_TAR" ? inFile(error, blob.name) : error;
	});
	const files = new ArchiveFiles(blob, found);
	if (!files.has("oci-layout") && !files.has("manifest.json"))
		throw new ComposefsError(
			"ENOENT",
			`${blob.name}: is no archive of an image: it has neither oci-layout nor manifest.json`,
			{ path: blob.name },
		);
	// Docker writes both, and the layout has digests.
	return files.has("oci-layout") ? readLayout(files, signal) : readDockerArchive(files, signal);
}

async function members(blob: BlobSource, signal: AbortSignal | undefined): Promise<Map<string, Member>> {
	await refuseCompressed(blob, signal);
	const found = new Map<string, Member>();
	for await (const { name, type, size, offset, linkName, isSparse } of readTar(blob.read({ signal }), {
		signal,
		end: "any",
	})) {
		const names = entryNames(name);
		const path = names.join("/");
		if (type === "file") found.set(path, isSparse ? { isSparse } : { start: offset + HEADER_SIZE, size });
		if (type === "hardlink") found.set(path, { target: entryNames(linkName).join("/") });
		if (type === "symlink") found.set(path, { target: symlinkTarget(names, linkName) });
		if (found.size > MAX_MEMBERS)
			throw ociError("archive-members", `${blob.name}: more than ${MAX_MEMBERS} files`, {
				limit: MAX_MEMBERS,
			});
	}
	return found;
}

async function refuseCompressed(blob: BlobSource, signal: AbortSignal | undefined): Promise<void> {
	const head = await readBlob(blob, { range: { start: 0, end: 4 }, limit: 4, signal });
	if (compressionOf(head) === undefined) return;
	throw ociError(
		"archive-compressed",
		`${blob.name}: is compressed; its files can be found only in a plain tar`,
	);
}

/** Where a symlink leads within the archive; out of it, to nothing. */
function symlinkTarget(names: readonly string[], target: string): string {
	const way = target.startsWith("/") ? [] : names.slice(0, -1);
	for (const name of target.split("/")) {
		if (name === "" || name === ".") continue;
		if (name === "..") way.pop();
		else way.push(name);
	}
	return way.join("/");
}

class ArchiveFiles implements Files {
	readonly #blob: BlobSource;
	readonly #members: ReadonlyMap<string, Member>;

	constructor(blob: BlobSource, found: ReadonlyMap<string, Member>) {
		this.#blob = blob;
		this.#members = found;
	}

	get name(): string {
		return this.#blob.name;
	}

	has(path: string): boolean {
		return this.#members.has(path);
	}

	file(path: string): BlobSource {
		const name = `${this.name}: ${path}`;
		const find = () => this.#find(path, name);
		const blob = this.#blob;
		return {
			name,
			size: async () => find().size,
			read: async function* ({ range, signal } = {}) {
				const { start, size } = find();
				const from = Math.min(range?.start ?? 0, size);
				const to = Math.min(range?.end ?? size, size);
				yield* blob.read({ range: { start: start + from, end: start + to }, signal });
			},
		};
	}

	#find(path: string, name: string): { readonly start: number; readonly size: number } {
		let member = this.#members.get(path);
		for (let links = 0; links < MAX_LINKS && member !== undefined && "target" in member; links++)
			member = this.#members.get(member.target);
		if (member !== undefined && "start" in member) return member;
		if (member !== undefined && "isSparse" in member)
			throw ociError("archive-sparse", `${name}: is sparse in the archive, and cannot be read in place`);
		throw new ComposefsError("ENOENT", `ENOENT: no such file in the archive, '${name}'`, { path: name });
	}
}
