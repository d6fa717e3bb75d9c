/** An image becomes a file system. */
import { realpath } from "node:fs/promises";
import { trace } from "../diagnostics.ts";
import { absolute, type FilePath, isOpenFile, type OpenFile, pathToString } from "../file-path.ts";
import { awaitJob, type NativeMountOptions } from "../native.ts";
import { type OpenedFile, openGiven } from "../open-file.ts";
import { systemCall } from "../system-call.ts";
import { mountError } from "./failure.ts";
import { checkImageMount, type FolderRole, Folders, openFolder, temporaryFolder } from "./folders.ts";
import { headerOf } from "./header.ts";
import { mountIdAt } from "./mount-info.ts";
import { checkOptions, type MountOptions, type MountRequest } from "./options.ts";
import { type UnmountOptions, unmountById } from "./unmount.ts";

/** Something that is mounted. It outlives this process, unless it is unmounted. */
export interface Mount extends AsyncDisposable {
	/** Where, without symlinks. */
	readonly target: string;
	/**
	 * Unmounts it. Does nothing if that is done already, by this or by somebody else; may be tried again after it
	 * has failed.
	 *
	 * @throws ComposefsError `EBUSY`, if it is in use; `ERR_COMPOSEFS_MOUNT`, rule `covered`, if another mount is in
	 *   front of it; or the error of a system call
	 */
	unmount(options?: UnmountOptions): Promise<void>;
}

/**
 * Mounts an image with the objects that its files are in. Takes root in the initial user namespace; with verity,
 * Linux 6.6 or later.
 *
 * The work is done on a thread of libuv's pool, so the mount appears in the mount namespace of those threads: that
 * of the process, as long as no code in it calls unshare(2) or setns(2) for a thread of its own.
 *
 * @param image    its path, or the file open; the header is checked before the kernel sees it
 * @param target   a folder that is there
 * @throws ComposefsError `ERR_COMPOSEFS_MOUNT`, with a `rule`; `ERR_COMPOSEFS_DIGEST`, if the image has another digest;
 *   `ERR_COMPOSEFS_IMAGE`, if it is none; `EPERM`, without privilege; or the error of a system call; or the reason of
 *   `signal`. Nothing is mounted then.
 */
export async function mount(
	image: FilePath | OpenFile,
	target: FilePath,
	options: MountOptions,
): Promise<Mount> {
	const request = checkOptions(options);
	options.signal?.throwIfAborted();
	const imageName = isOpenFile(image) ? "the open image" : pathToString(image);
	const { verity, digest } = request;
	const names = () => ({ image: imageName, target: pathToString(target) });
	const begin = () => ({ ...names(), verity, ...(digest !== undefined && { digest }) });
	const work = () => mountRequest(image, target, { request, imageName, options });
	return trace("composefs:mount", begin, work, (mounted) => ({ target: mounted.target }));
}

interface Asked {
	readonly request: MountRequest;
	readonly imageName: string;
	readonly options: MountOptions;
}

async function mountRequest(
	image: FilePath | OpenFile,
	target: FilePath,
	{ request, imageName, options }: Asked,
): Promise<Mount> {
	const path = await realFolder("target", absolute(target));
	const file = await openHere(image);
	const folders = new Folders();
	let idmap: OpenedFile | undefined;
	try {
		const { hasAcl } = await headerOf(file, imageName, options.signal);
		if (options.idmap !== undefined) idmap = await openHere(options.idmap);
		const native = await toNative(request, folders, {
			image: file.fd,
			target: path,
			hasAcl,
			idmap: idmap?.fd,
		});
		const failure = await awaitJob((addon) => addon.mount(native), {
			signal: options.signal,
			file: imageName,
		});
		if (failure !== undefined)
			throw mountError(failure, {
				image: imageName,
				target: pathToString(path),
				digest: request.digest,
				requiresVerity: request.verity === "require",
				hasUpper: request.upperdir !== undefined,
			});
		return await mountedAt(path);
	} finally {
		await folders.close();
		await idmap?.close();
		await file.close();
	}
}

/**
 * Mounts an image alone, as EROFS: names and metadata as they are in it, also the xattrs that are for overlayfs;
 * files that are objects read as zeros.
 *
 * @throws as `mount`
 */
export function mountImage(
	image: FilePath | OpenFile,
	target: FilePath,
	options: Pick<MountOptions, "digest" | "idmap" | "signal"> = {},
): Promise<Mount> {
	return mount(image, target, { ...options, objects: [] });
}

/** What cannot be told from other mounts does not stay. */
async function mountedAt(path: Uint8Array): Promise<Mount> {
	try {
		return new Mounted(path, await mountIdAt(path));
	} catch (error) {
		await awaitJob((addon) => addon.unmount(path, true)).catch(() => undefined);
		throw error;
	}
}

class Mounted implements Mount {
	readonly target: string;
	readonly #path: Uint8Array;
	readonly #id: number | undefined;
	#ending: Promise<void> | undefined;

	constructor(path: Uint8Array, id: number | undefined) {
		this.target = pathToString(path);
		this.#path = path;
		this.#id = id;
	}

	unmount(options: UnmountOptions = {}): Promise<void> {
		this.#ending ??= unmountById(this.#path, this.#id, options).catch((error) => {
			this.#ending = undefined;
			throw error;
		});
		return this.#ending;
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.unmount();
	}
}

async function openHere(file: FilePath | OpenFile): Promise<OpenedFile> {
	return isOpenFile(file) ? openGiven(file) : openGiven(absolute(file), pathToString(file));
}

/** Without symlinks: the kernel's calls do not agree on whether to follow one at the end. */
async function realFolder(role: FolderRole, path: Uint8Array): Promise<Uint8Array> {
	await (await openFolder(role, path)).close();
	return systemCall(realpath(Buffer.from(path), "buffer"), pathToString(path));
}

async function toNative(
	{ objects, verity, digest, upperdir, workdir, readOnly, imageMount }: MountRequest,
	folders: Folders,
	rest: Pick<NativeMountOptions, "image" | "target" | "hasAcl" | "idmap">,
): Promise<NativeMountOptions> {
	const names: Uint8Array[] = [];
	for (const folder of objects) names.push(await folders.name("objects folder", folder));
	const imageFolder = imageMount && (await realFolder("image mount folder", imageMount));
	if (imageFolder !== undefined) checkImageMount(imageFolder);
	return {
		...rest,
		objects: names,
		upperdir: upperdir && (await folders.name("upperdir", upperdir)),
		workdir: workdir && (await folders.name("workdir", workdir)),
		requireVerity: verity === "require",
		tryVerity: verity === "try",
		digest: digest === undefined ? undefined : Buffer.from(digest, "hex"),
		readOnly,
		imageMount: imageFolder,
		temporaryFolder: Buffer.from(temporaryFolder()),
	};
}
