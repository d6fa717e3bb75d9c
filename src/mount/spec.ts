/**
 * A mount as plain data, for a runtime that makes the system calls itself. Paths are strings in the mapping of
 * names.ts, so `nameToBytes` gives the bytes of any of them.
 */
import { argumentError } from "../errors.ts";
import { absolute, type FilePath, pathToString } from "../file-path.ts";
import { bytesToName } from "../names.ts";
import { openToRead } from "../open-file.ts";
import { checkImageMount } from "./folders.ts";
import { headerOf } from "./header.ts";
import { checkOptions, type MountOptions, type MountRequest } from "./options.ts";

/** What a context (fsopen) or a mount (fsmount) is of. */
export type MountPart = "image" | "overlay";

/** ioctl FS_IOC_MEASURE_VERITY: go no further unless it gives this SHA-256 digest. */
export interface MeasureCall {
	readonly call: "measure";
	readonly file: string;
	readonly digest: string;
}

/** A call of the kernel's own mount API (Linux 6.7), in the order in which they are made. */
export type MountCall =
	| MeasureCall
	| { readonly call: "fsopen"; readonly type: "erofs" | "overlay"; readonly context: MountPart }
	| {
			readonly call: "fsconfig";
			readonly context: MountPart;
			readonly command: "FSCONFIG_SET_STRING" | "FSCONFIG_SET_FLAG" | "FSCONFIG_CMD_CREATE";
			readonly key?: string;
			readonly value?: string;
			/** Go on if it fails. */
			readonly optional?: true;
	  }
	| {
			readonly call: "fsmount";
			readonly context: MountPart;
			readonly attributes: readonly "MOUNT_ATTR_RDONLY"[];
			readonly mount: MountPart;
	  }
	| {
			readonly call: "mount_setattr";
			readonly mount: "image";
			readonly set: "MOUNT_ATTR_IDMAP";
			/** The file of a user namespace */
			readonly userNamespace: string;
	  }
	| { readonly call: "move_mount"; readonly mount: MountPart; readonly target: string }
	| UnmountCall;

export interface UnmountCall {
	readonly call: "umount2";
	readonly target: string;
	readonly flags: readonly "MNT_DETACH"[];
}

/** A call of mount(2). */
export interface ClassicMount {
	readonly call: "mount";
	readonly source: string;
	readonly target: string;
	readonly type: "erofs" | "overlay";
	readonly flags: readonly "MS_RDONLY"[];
	readonly data: string;
}

/** An entry of `mounts` in the configuration of an OCI runtime. */
export interface OciMount {
	readonly destination: string;
	readonly type: "erofs" | "overlay";
	readonly source: string;
	readonly options: readonly string[];
}

export interface MountSpec {
	readonly calls: readonly MountCall[];
	/**
	 * The same with mount(2), from Linux 6.5 on, with `verity` from 6.6 on; undefined with an `idmap`, which it cannot
	 * express. `verity: "try"` it cannot express either: the objects are not verified then. Before Linux 6.12, and on file
	 * systems such as tmpfs, the image's source is to be a loop device over the file.
	 */
	readonly classic: readonly (MeasureCall | ClassicMount | UnmountCall)[] | undefined;
	/**
	 * The mounts of an OCI runtime, and what its caller does on the host before it starts and once it has mounted;
	 * undefined with an `idmap`.
	 */
	readonly oci:
		| {
				readonly before: readonly MountCall[];
				readonly mounts: readonly OciMount[];
				readonly after: readonly MountCall[];
		  }
		| undefined;
}

export interface MountSpecOptions extends Omit<MountOptions, "idmap"> {
	/** The file of a user namespace. */
	readonly idmap?: FilePath | undefined;
}

interface Plan {
	readonly image: string;
	readonly target: string;
	readonly objects: readonly string[];
	readonly upperdir: string | undefined;
	readonly workdir: string | undefined;
	/** Empty, if there are no objects. */
	readonly imageMount: string;
	readonly request: MountRequest;
	readonly hasAcl: boolean;
	readonly idmap: string | undefined;
}

/**
 * What `mount` would do, as data; nothing is mounted, and no folder is looked at. The image is read for its header.
 * With objects, `imageMount` has to be named.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT`; `ERR_COMPOSEFS_IMAGE`; or the error of a system call
 */
export async function mountSpec(
	image: FilePath,
	target: FilePath,
	options: MountSpecOptions,
): Promise<MountSpec> {
	const request = checkOptions(options);
	if (request.objects.length > 0 && request.imageMount === undefined)
		throw argumentError("the calls need an imageMount, a folder to mount the image in");
	if (request.imageMount !== undefined) checkImageMount(request.imageMount);
	const plan: Plan = {
		image: bytesToName(absolute(image)),
		target: bytesToName(absolute(target)),
		objects: request.objects.map(bytesToName),
		upperdir: request.upperdir && bytesToName(request.upperdir),
		workdir: request.workdir && bytesToName(request.workdir),
		imageMount: request.imageMount === undefined ? "" : bytesToName(request.imageMount),
		request,
		hasAcl: await hasAcl(image, options.signal),
		idmap: options.idmap === undefined ? undefined : bytesToName(absolute(options.idmap)),
	};
	const alone = plan.objects.length === 0;
	return {
		calls: alone
			? [...measure(plan), ...imageCalls(plan, plan.target)]
			: [...measure(plan), ...imageCalls(plan, plan.imageMount), ...overlayCalls(plan), unmountImage(plan)],
		classic: plan.idmap === undefined ? classic(plan) : undefined,
		oci: plan.idmap === undefined ? oci(plan) : undefined,
	};
}

async function hasAcl(image: FilePath, signal: AbortSignal | undefined): Promise<boolean> {
	const file = await openToRead(absolute(image), pathToString(image));
	try {
		return (await headerOf(file, pathToString(image), signal)).hasAcl;
	} finally {
		await file.close();
	}
}

function measure({ image, request: { digest } }: Plan): MeasureCall[] {
	return digest === undefined ? [] : [{ call: "measure", file: image, digest }];
}

function string(context: MountPart, key: string, value: string): MountCall {
	return { call: "fsconfig", context, command: "FSCONFIG_SET_STRING", key, value };
}

function imageCalls({ image, hasAcl, idmap }: Plan, target: string): MountCall[] {
	const context = "image";
	const flag = (key: string): MountCall => ({ call: "fsconfig", context, command: "FSCONFIG_SET_FLAG", key });
	return [
		{ call: "fsopen", type: "erofs", context },
		string(context, "source", image),
		flag("ro"),
		...(hasAcl ? [] : [flag("noacl")]),
		{ call: "fsconfig", context, command: "FSCONFIG_CMD_CREATE" },
		{ call: "fsmount", context, attributes: ["MOUNT_ATTR_RDONLY"], mount: "image" },
		...(idmap === undefined
			? []
			: [{ call: "mount_setattr", mount: "image", set: "MOUNT_ATTR_IDMAP", userNamespace: idmap } as const]),
		{ call: "move_mount", mount: "image", target },
	];
}

function overlayCalls({ objects, upperdir, workdir, imageMount, request, target }: Plan): MountCall[] {
	const context = "overlay";
	const { verity, readOnly } = request;
	const requireVerity = string(context, "verity", "require");
	return [
		{ call: "fsopen", type: "overlay", context },
		string(context, "source", "composefs"),
		string(context, "metacopy", "on"),
		string(context, "redirect_dir", "on"),
		...(verity === "require" ? [requireVerity] : []),
		...(verity === "try" ? [{ ...requireVerity, optional: true } as MountCall] : []),
		string(context, "lowerdir+", imageMount),
		...objects.map((folder) => string(context, "datadir+", folder)),
		// Unlike the layers below, these two are unescaped by the kernel.
		...(upperdir === undefined ? [] : [string(context, "upperdir", escapeBackslashes(upperdir))]),
		...(workdir === undefined ? [] : [string(context, "workdir", escapeBackslashes(workdir))]),
		{ call: "fsconfig", context, command: "FSCONFIG_CMD_CREATE" },
		{ call: "fsmount", context, attributes: readOnly ? ["MOUNT_ATTR_RDONLY"] : [], mount: "overlay" },
		{ call: "move_mount", mount: "overlay", target },
	];
}

function unmountImage({ imageMount }: Plan): UnmountCall {
	return { call: "umount2", target: imageMount, flags: ["MNT_DETACH"] };
}

function classic(plan: Plan): (MeasureCall | ClassicMount | UnmountCall)[] {
	const { image, target, objects, imageMount, request } = plan;
	const alone = objects.length === 0;
	const erofs: ClassicMount = {
		call: "mount",
		source: image,
		target: alone ? target : imageMount,
		type: "erofs",
		flags: ["MS_RDONLY"],
		data: plan.hasAcl ? "" : "noacl",
	};
	if (alone) return [...measure(plan), erofs];
	const overlay: ClassicMount = {
		call: "mount",
		source: "composefs",
		target,
		type: "overlay",
		flags: request.readOnly ? ["MS_RDONLY"] : [],
		data: overlayOptions(plan).join(","),
	};
	return [...measure(plan), erofs, overlay, unmountImage(plan)];
}

/** As mount(2) takes them. `verity: "try"` cannot be expressed: an older kernel would refuse the mount. */
function overlayOptions({ objects, upperdir, workdir, imageMount, request }: Plan): string[] {
	return [
		"metacopy=on",
		"redirect_dir=on",
		`lowerdir=${[imageMount, ...objects].map(escapeOption).join("::")}`,
		...(upperdir === undefined ? [] : [`upperdir=${escapeOption(upperdir)}`]),
		...(workdir === undefined ? [] : [`workdir=${escapeOption(workdir)}`]),
		...(request.verity === "require" ? ["verity=require"] : []),
	];
}

function oci(plan: Plan): NonNullable<MountSpec["oci"]> {
	const { image, target, objects, imageMount, request, hasAcl } = plan;
	const before = measure(plan);
	if (objects.length === 0) {
		const options = hasAcl ? ["ro"] : ["ro", "noacl"];
		return { before, mounts: [{ destination: target, type: "erofs", source: image, options }], after: [] };
	}
	const options = [...(request.readOnly ? ["ro"] : []), ...overlayOptions(plan)];
	return {
		before: [...before, ...imageCalls(plan, imageMount)],
		mounts: [{ destination: target, type: "overlay", source: "composefs", options }],
		after: [unmountImage(plan)],
	};
}

/** What separates options and layers, and the escape itself. */
function escapeOption(path: string): string {
	return path.replaceAll(/[\\:,]/g, "\\$&");
}

function escapeBackslashes(path: string): string {
	return path.replaceAll("\\", "\\\\");
}
