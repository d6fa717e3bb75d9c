/** Where a layer goes, with the digest and size of what went there. */
import { createHash, type Hash } from "node:crypto";
import { write as writeFd } from "node:fs";
import { type FileHandle, open, realpath, rename, rm, stat } from "node:fs/promises";
import { promisify } from "node:util";
import { descriptorOf, type FilePath, isOpenFile, type OpenFile, pathToBytes } from "../file-path.ts";

const writeBytes = promisify(writeFd);

export class LayerTarget {
	readonly #fd: number;
	readonly #own: OwnFile | undefined;
	readonly #hash: Hash = createHash("sha256");
	size = 0;

	private constructor(fd: number, own: OwnFile | undefined) {
		this.#fd = fd;
		this.#own = own;
	}

	/**
	 * A path: what is written has that name when it is complete; a device or pipe is written to as it is. An open file:
	 * from where it stands.
	 *
	 * @throws the error of a system call
	 */
	static async open(to: FilePath | OpenFile): Promise<LayerTarget> {
		if (isOpenFile(to)) return new LayerTarget(descriptorOf(to), undefined);
		const own = await openOwn(Buffer.from(pathToBytes(to)));
		return new LayerTarget(own.handle.fd, own);
	}

	async write(bytes: Uint8Array): Promise<void> {
		this.#hash.update(bytes);
		this.size += bytes.length;
		for (let at = 0; at < bytes.length; ) {
			const { bytesWritten } = await writeBytes(this.#fd, bytes, at, bytes.length - at, null);
			at += bytesWritten;
		}
	}

	/** Gives it its name. @returns the digest, `sha256:` and 64 digits */
	async finish(): Promise<string> {
		const own = this.#own;
		if (own?.temporary !== undefined) {
			await own.handle.sync();
			await rename(own.temporary, own.path);
		}
		await own?.handle.close();
		return `sha256:${this.#hash.digest("hex")}`;
	}

	/** Leaves nothing of a file of its own. */
	async discard(): Promise<void> {
		await this.#own?.handle.close().catch(() => undefined);
		if (this.#own?.temporary !== undefined) await rm(this.#own.temporary, { force: true });
	}
}

/** A file that was opened here. */
interface OwnFile {
	readonly handle: FileHandle;
	readonly path: Buffer;
	/** Its name meanwhile, if it is to be renamed. */
	readonly temporary: Buffer | undefined;
}

let count = 0;

async function openOwn(path: Buffer): Promise<OwnFile> {
	const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
		if (error.code !== "ENOENT") throw error;
	});
	if (found !== undefined && !found.isFile())
		return { handle: await open(path, "w"), path, temporary: undefined };
	// What a symlink leads to is replaced, not the symlink.
	const target = found === undefined ? path : await realpath(path, "buffer");
	const temporary = Buffer.concat([target, Buffer.from(`.${process.pid}-${count++}.tmp`)]);
	return { handle: await open(temporary, "wx", 0o644), path: target, temporary };
}
