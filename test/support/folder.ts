/** Folders with everything that a file system can hold, for what reads them. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { getuid } from "node:process";

export const isRoot: boolean = getuid?.() === 0;

/**
 * Whether this user may make devices, and attributes beyond `user.`, where tests have their folders: root may, but in most
 * containers, and not all of them on overlayfs.
 */
export const isPrivileged: boolean = isRoot && makesAll();

function makesAll(): boolean {
	const folder = mkdtempSync(path.join(tmpdir(), "composefs-probe-"));
	const program = `import os, stat, sys
os.chdir(sys.argv[1])
os.mknod("console", stat.S_IFCHR, os.makedev(5, 1))
os.mknod("whiteout", stat.S_IFCHR, os.makedev(0, 0))
os.mkdir("a")
os.setxattr("a", "trusted.overlay.opaque", b"y")
os.setxattr("a", "security.odd", b"odd")`;
	try {
		return spawnSync("python3", ["-c", program, folder]).status === 0;
	} finally {
		rmSync(folder, { recursive: true });
	}
}

/**
 * Runs Python statements in a folder: it is there wherever the addon is built, and has the calls that node has
 * not (mknod, mkfifo, setxattr). Names may be bytes.
 */
export function inFolder(folder: string, statements: string): void {
	const program = `import os, socket, stat, struct\nos.chdir(${JSON.stringify(folder)})\n${PRELUDE}\n${statements}`;
	const { status, stderr } = spawnSync("python3", ["-c", program], { encoding: "utf8" });
	if (status !== 0) throw new Error(stderr);
}

const PRELUDE = `
def write(name, data):
    with open(name, "wb") as file: file.write(data)
def listen(name):
    with socket.socket(socket.AF_UNIX) as it: it.bind(name)
`;

/** What an ordinary user can make. */
const ORDINARY = `
os.umask(0o022)
for size in (0, 1, 63, 64, 65, 4096, 4097, 200000):
    write(f"size-{size}", bytes(i % 251 for i in range(size)))
os.makedirs("a/b/c/d")
os.mkdir("empty")
write("a/same", b"x" * 100)
write("a/b/same", b"x" * 100)
os.link("a/same", "a/b/c/linked")
os.link("size-64", "a/inline-linked")
os.symlink("../nowhere", "a/dangling")
os.symlink("/etc/passwd", "absolute")
os.symlink("a", "to-directory")
os.symlink(b"\\xff\\xfe", "to-bytes")
os.link("absolute", "absolute-linked", follow_symlinks=False)
os.mkfifo("fifo", 0o640)
listen("socket")
for name in (b"\\xff", b"caf\\xc3\\xa9", b"cafe\\xcc\\x81", b"a\\xc3", b"new\\nline", b"-", b"=", b" ", b"\\\\x41", b"n" * 255):
    write(name, b"name: " + name)
write(b"big-\\xfe", b"y" * 5000)
os.mkdir(b"dir-\\xfd")
write(b"dir-\\xfd/inside", b"z" * 70)
for name, mode in (("size-0", 0o600), ("size-1", 0o4755), ("size-63", 0o2711), ("empty", 0o1777), ("a/b", 0o700)):
    os.chmod(name, mode)
for number, name in enumerate(("size-65", "a/b/c/d", "a", ".")):
    os.utime(name, ns=(0, 1_600_000_000_123_456_789 + number))
os.utime("size-1", ns=(0, -1_500_000_001))
os.utime("absolute", ns=(0, 5), follow_symlinks=False)
`;

const USER_XATTRS = `
os.setxattr("size-65", "user.short", b"value")
os.setxattr("size-65", "user.empty", b"")
os.setxattr("size-65", "user.binary", bytes(range(256)))
os.setxattr("size-0", "user.long", b"l" * 3000)
os.setxattr("a", "user.on-directory", b"d")
os.setxattr(".", "user.on-root", b"r")
os.setxattr("size-64", "user.overlay.odd", b"o")
`;

const ROOT = `
os.mknod("console", stat.S_IFCHR | 0o600, os.makedev(5, 1))
os.mknod("disk", stat.S_IFBLK | 0o660, os.makedev(259, 70000))
os.mknod("whiteout", stat.S_IFCHR, os.makedev(0, 0))
os.chown("size-4096", 1000, 100000)
os.chown("absolute", 70000, 5, follow_symlinks=False)
os.setxattr("size-4096", "trusted.overlay.opaque", b"y")
os.setxattr("a/b", "trusted.overlay.opaque", b"y")
os.setxattr("a/b", "trusted.other", b"t")
os.setxattr("absolute", "trusted.on-symlink", b"s", follow_symlinks=False)
os.setxattr("fifo", "trusted.on-fifo", b"f", follow_symlinks=False)
capability = struct.pack("<IIIII", 0x02000001, 1 << 10, 0, 0, 0)
os.setxattr("size-200000", "security.capability", capability)
os.setxattr("size-200000", "security.odd", b"odd")
def acl(*entries):
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
none = 0xffffffff
access = acl((1, 7, none), (2, 6, 1000), (4, 5, none), (16, 7, none), (32, 5, none))
os.setxattr("a", "system.posix_acl_access", access)
os.setxattr("a", "system.posix_acl_default", access)
os.setxattr("size-65", "system.posix_acl_access", acl((1, 6, none), (4, 4, none), (8, 4, 7), (16, 4, none), (32, 4, none)))
os.utime(".", ns=(0, 1_600_000_000_000_000_009))
`;

/** Fills a folder with every kind of inode, as far as this user may make them. */
export function fillFolder(folder: string): void {
	inFolder(folder, ORDINARY + (takesXattrs(folder) ? USER_XATTRS : "") + (isPrivileged ? ROOT : ""));
}

/** True where the folder's file system has user xattrs: tmpfs has them since Linux 6.6. */
function takesXattrs(folder: string): boolean {
	const program =
		"import os, sys; os.setxattr(sys.argv[1], 'user.probe', b''); os.removexattr(sys.argv[1], 'user.probe')";
	return spawnSync("python3", ["-c", program, folder]).status === 0;
}

/** Whether tests' folders have user xattrs. */
export function temporaryTakesXattrs(): boolean {
	const folder = mkdtempSync(path.join(tmpdir(), "composefs-probe-"));
	try {
		return takesXattrs(folder);
	} finally {
		rmSync(folder, { recursive: true });
	}
}
