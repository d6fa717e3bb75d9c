import { constants } from "node:os";
import { describe, expect, test } from "@jest/globals";
import { ComposefsError } from "../../src/errors.ts";
import { mountError } from "../../src/mount/failure.ts";
import type { NativeMountFailure } from "../../src/native.ts";

const digest = "a".repeat(64);
const attempt = { image: "/i", target: "/t", digest, requiresVerity: true, hasUpper: false };
type Step = NativeMountFailure["step"];
const errorOf = (step: Step, name: keyof typeof constants.errno, log = "", options = {}) =>
	mountError({ step, errno: constants.errno[name], log }, { ...attempt, ...options });

describe("what a failed mount says", () => {
	test.each([
		["measure", "ENODATA", "", "ERR_COMPOSEFS_MOUNT", "image-verity", /enable it once it is written/],
		[
			"measure",
			"ENOTTY",
			"",
			"ERR_COMPOSEFS_MOUNT",
			"image-verity",
			/a kernel and a file system that have it/,
		],
		[
			"measure",
			"EOPNOTSUPP",
			"",
			"ERR_COMPOSEFS_MOUNT",
			"image-verity",
			/a kernel and a file system that have it/,
		],
		["measure", "EIO", "", "EIO", undefined, /\/i: its fs-verity digest cannot be had: i\/o error/],
		["measure", "EOVERFLOW", "", "ERR_COMPOSEFS_DIGEST", "digest", /no SHA-256, not a{64}/],
		["image", "EPERM", "", "EPERM", "privilege", /CAP_SYS_ADMIN in the initial user namespace/],
		["overlay", "EPERM", "", "EPERM", "privilege", /CAP_SYS_ADMIN/],
		["image", "ENODEV", "", "ERR_COMPOSEFS_MOUNT", "kernel-erofs", /modprobe erofs/],
		["image", "ENOSYS", "", "ERR_COMPOSEFS_MOUNT", "kernel", /Linux 5\.2/],
		["image", "EINVAL", "erofs: bad", "ERR_COMPOSEFS_MOUNT", "image", /invalid argument \(erofs: bad\)/],
		["loop", "ENOTTY", "x", "ERR_COMPOSEFS_MOUNT", "loop", /no loop device can be had/],
		["folder", "EACCES", "/tmp", "ERR_COMPOSEFS_MOUNT", "image-mount-folder", /name one by imageMount/],
		["idmap-type", "EINVAL", "", "ERR_COMPOSEFS_MOUNT", "idmap", /not a user namespace/],
		["idmap", "EPERM", "", "ERR_COMPOSEFS_MOUNT", "idmap", /must be another than this one's/],
		["overlay", "ENODEV", "", "ERR_COMPOSEFS_MOUNT", "kernel-overlay", /modprobe overlay/],
		[
			"overlay",
			"EINVAL",
			"the option verity is refused",
			"ERR_COMPOSEFS_MOUNT",
			"kernel-verity",
			/Linux 6\.6/,
		],
		[
			"overlay",
			"EINVAL",
			"overlay: Unknown parameter 'verity'",
			"ERR_COMPOSEFS_MOUNT",
			"kernel-verity",
			/6\.6/,
		],
		[
			"overlay",
			"EINVAL",
			"overlay: why",
			"ERR_COMPOSEFS_MOUNT",
			"overlay",
			/\/t: overlayfs refuses: .*overlay: why/,
		],
		["overlay", "ELOOP", "overlapping", "ELOOP", undefined, /ELOOP: \/t cannot be mounted on: .*overlapping/],
		["target", "EBUSY", "", "EBUSY", undefined, /\/t cannot be mounted on/],
	] as const)("%s, %s %s", (step, name, log, code, rule, message) => {
		const error = errorOf(step, name, log);
		expect(error).toBeInstanceOf(ComposefsError);
		expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
		expect(error.rule).toBe(rule);
	});

	test("of another digest has both", () => {
		const actual = Buffer.alloc(32, 0xbb);
		expect(
			mountError({ step: "digest", errno: constants.errno.EILSEQ, log: "", actual }, attempt),
		).toMatchObject({
			code: "ERR_COMPOSEFS_DIGEST",
			path: "/i",
			expected: digest,
			actual: "b".repeat(64),
		});
	});

	test("with an upperdir has what that has to be", () => {
		expect(errorOf("overlay", "EINVAL", "", { hasUpper: true }).message).toMatch(/of one file system/);
	});

	test("of an error that nobody knows has its number", () => {
		expect(mountError({ step: "target", errno: 4000, log: "" }, attempt)).toMatchObject({
			code: "E4000",
			errno: -4000,
			syscall: "mount",
		});
	});
});
