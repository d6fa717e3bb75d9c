/** Why a mount failed, and what to do about it. */
import { getSystemErrorMap } from "node:util";
import { ComposefsError, type ComposefsErrorDetails } from "../errors.ts";
import type { NativeMountFailure } from "../native.ts";

/** What the mount was to be, by the names that messages show. */
export interface Attempt {
	readonly image: string;
	readonly target: string;
	readonly digest: string | undefined;
	readonly requiresVerity: boolean;
	readonly hasUpper: boolean;
}

/** What FS_IOC_MEASURE_VERITY fails with where there is no fs-verity, or another digest: else it says nothing of that. */
const SAYS_OF_VERITY = ["ENODATA", "ENOTTY", "EOPNOTSUPP", "ENOTSUP", "ENOSYS", "EOVERFLOW"];

/** The error of a mount that failed. */
export function mountError(failure: NativeMountFailure, attempt: Attempt): ComposefsError {
	const { step, errno } = failure;
	const code = getSystemErrorMap().get(-errno)?.[0] ?? `E${errno}`;
	if (step === "digest" || (step === "measure" && SAYS_OF_VERITY.includes(code)))
		return verityError(failure, code, attempt);
	if (code === "EPERM" && step !== "idmap") return notPermitted(failure, attempt);
	const { rule, message } = explain(failure, code, attempt);
	// A rule of its own where it is the kernel, or what it was given, that cannot do it; else the system's code.
	const isSystem = rule === undefined;
	return new ComposefsError(
		isSystem ? code : "ERR_COMPOSEFS_MOUNT",
		`${isSystem ? `${code}: ` : ""}${message}`,
		{
			...(rule !== undefined && { rule }),
			...details(failure, step === "target" || step === "overlay" ? attempt.target : attempt.image),
		},
	);
}

function details({ errno }: NativeMountFailure, path: string): ComposefsErrorDetails {
	return { path, syscall: "mount", errno: -errno };
}

function verityError(failure: NativeMountFailure, code: string, attempt: Attempt): ComposefsError {
	const { image, digest: expected = "" } = attempt;
	if (failure.actual !== undefined || code === "EOVERFLOW") {
		const actual = failure.actual && Buffer.from(failure.actual).toString("hex");
		const message = `${image}: the fs-verity digest of the image is ${actual ?? "no SHA-256"}, not ${expected}`;
		return new ComposefsError("ERR_COMPOSEFS_DIGEST", message, {
			rule: "digest",
			path: image,
			expected,
			...(actual !== undefined && { actual }),
		});
	}
	const lacking =
		code === "ENODATA"
			? "the image has no fs-verity: enable it once it is written"
			: "the image lies where there is no fs-verity: it takes a kernel and a file system that have it";
	const message = `${image}: ${lacking}; without, verify the image first and mount without a digest`;
	return new ComposefsError("ERR_COMPOSEFS_MOUNT", message, {
		rule: "image-verity",
		...details(failure, image),
	});
}

function notPermitted(failure: NativeMountFailure, { image, target }: Attempt): ComposefsError {
	const message =
		`EPERM: ${image} cannot be mounted at ${target}: ` +
		"that takes CAP_SYS_ADMIN in the initial user namespace; be root there, not in a namespace of a user's";
	return new ComposefsError("EPERM", message, { rule: "privilege", ...details(failure, target) });
}

interface Explanation {
	readonly rule?: string;
	readonly message: string;
}

function explain(failure: NativeMountFailure, code: string, attempt: Attempt): Explanation {
	const { step, log } = failure;
	const { image, target } = attempt;
	const [, text = "unknown error"] = getSystemErrorMap().get(-failure.errno) ?? [];
	const because = log === "" ? text : `${text} (${log})`;
	switch (step) {
		case "measure":
			return { message: `${image}: its fs-verity digest cannot be had: ${because}` };
		case "image":
			return explainImage(code, because, image);
		case "loop": {
			const message =
				`${image}: the kernel does not mount EROFS from a file here, and no loop device can be had: ` +
				`${because}; move the image to a file system such as ext4, xfs or btrfs (Linux 6.12 or later), ` +
				"or make /dev/loop-control and /dev/loop* available";
			return { rule: "loop", message };
		}
		case "folder": {
			const message = `${image}: there is no folder to mount the image in: ${because}; name one by imageMount`;
			return { rule: "image-mount-folder", message };
		}
		case "idmap-type":
			return { rule: "idmap", message: "idmap is not a user namespace: open /proc/PID/ns/user of a process" };
		case "idmap": {
			const message =
				`${image}: its owners cannot be mapped: ${because}; ` +
				"the user namespace must be another than this one's, with its maps written, on Linux 5.19 or later";
			return { rule: "idmap", message };
		}
		case "overlay":
			return explainOverlay(code, because, attempt);
		default:
			return { message: `${target} cannot be mounted on: ${because}` };
	}
}

function explainImage(code: string, because: string, image: string): Explanation {
	if (code === "ENODEV") {
		const message = "this kernel has no EROFS: load it (modprobe erofs), or boot one with CONFIG_EROFS_FS";
		return { rule: "kernel-erofs", message };
	}
	if (code === "ENOSYS") return { rule: "kernel", message: "mounting needs Linux 5.2 or later" };
	return { rule: "image", message: `${image}: the kernel does not mount the image: ${because}` };
}

function explainOverlay(
	code: string,
	because: string,
	{ target, requiresVerity, hasUpper }: Attempt,
): Explanation {
	if (code === "ENODEV") {
		const message =
			"this kernel has no overlayfs: load it (modprobe overlay), or boot one with CONFIG_OVERLAY_FS";
		return { rule: "kernel-overlay", message };
	}
	if (code !== "EINVAL") return { message: `${target} cannot be mounted on: ${because}` };
	if (requiresVerity && /verity is refused|Unknown parameter 'verity'/i.test(because)) {
		const message =
			"the overlayfs of this kernel cannot compare the objects' fs-verity: that takes Linux 6.6";
		return { rule: "kernel-verity", message };
	}
	const advice = hasUpper
		? "upperdir and workdir are to be two folders, neither in the other, of one file system that takes xattrs " +
			"and is no overlayfs"
		: "the kernel's log (dmesg) may say more";
	return { rule: "overlay", message: `${target}: overlayfs refuses: ${because}; ${advice}` };
}
