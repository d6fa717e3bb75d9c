/**
 * Three layers, and what composefs-rs 0.9.4 makes of them: a program of a few lines imported these very tars with
 * composefs_oci's `import_layer`, handed each entry to `process_entry`, called `transform_for_oci`, printed
 * `compute_image_id` for the formats V0 and V1, and wrote the dump. The layers keep to what composefs-rs can do: marks
 * come first, and parents have entries of their own.
 */
import { type PlainEntry, plainTar } from "./plain-tar.ts";

const TIME = 1_700_000_000_000_000_000n;
const xattrs = {
	"security.capability": Uint8Array.of(1, 0, 0, 2, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
	"security.selinux": "system_u:object_r:bin_t:s0\0",
	"user.origin": "here",
};

function text(name: string, size: number, more: Partial<PlainEntry> = {}): PlainEntry {
	return { name, content: `${name}\n`.repeat(size).slice(0, size), mtimeNs: TIME, ...more };
}

export const LAYERS: readonly Buffer[] = [
	plainTar(
		{ name: "./", mode: 0o555, mtimeNs: 5n * TIME },
		{ name: "usr/", mode: 0o751, uid: 12, gid: 34, mtimeNs: TIME + 123_456_789n, xattrs },
		{ name: "usr/bin/", mtimeNs: TIME },
		text("usr/bin/ping", 70_000, { mode: 0o4755, xattrs }),
		text("usr/bin/small", 64),
		text("usr/bin/large", 65, { mtimeNs: TIME + 5n }),
		{ name: "usr/bin/again", type: "hardlink", linkName: "usr/bin/large" },
		{ name: "bin", linkName: "usr/bin", mode: 0o777 },
		{ name: "run/", mode: 0o700, uid: 7, mtimeNs: 3n * TIME },
		text("run/secret", 100),
		{ name: "dev/", mtimeNs: TIME },
		{ name: "dev/null", type: "char", rdev: [1, 3], mode: 0o666, mtimeNs: TIME },
		{ name: "dev/pipe", type: "fifo", mtimeNs: TIME },
		{ name: "etc/", mtimeNs: TIME },
		{ name: "etc/conf.d/", mtimeNs: TIME },
		text("etc/conf.d/a", 3000),
		text("etc/conf.d/b", 10),
		text("etc/motd", 20),
		{ name: "etc/caf\u{dce9}", content: "latin 1", mtimeNs: TIME },
	),
	plainTar(
		"etc/conf.d/.wh..wh..opq",
		"etc/.wh.motd",
		{ name: "etc/", mode: 0o750, mtimeNs: 2n * TIME },
		text("etc/conf.d/c", 200),
		{ name: "usr/bin/linked", type: "hardlink", linkName: "usr/bin/ping" },
		text("dev", 0),
	),
	plainTar(
		"usr/bin/.wh.large",
		text("usr/bin/small", 4097),
		{ name: "var/", mtimeNs: TIME },
		{ name: "var/tmp", linkName: "../tmp" },
	),
];

/** fs-verity digests of the images, by composefs-rs's formats; those are composefs's format versions. */
export const DIGESTS: Readonly<Record<"V0" | "V1", string>> = {
	V0: "c3dc25f13386583c84e69debdd6f9a3b00e814727a7fed83d43c9c30f3484e9b",
	V1: "c09910365d8e716ec7ca58e24325f0d35e71d266d33ec7a57e9d69e6ab9dd23e",
};
