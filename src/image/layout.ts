/**
 * Where things stand in a composefs image: a header of composefs's own, then EROFS
 * (https://docs.kernel.org/filesystems/erofs.html). Offsets are in bytes, numbers are little-endian.
 */

export const BLOCK_SIZE = 4096;
/** Inodes begin at multiples of this; the number of an inode, its nid, counts them from the image's start. */
export const SLOT_SIZE = 32;

/** The header of composefs, at offset 0. */
export const HEADER = {
	size: 32,
	magic: 0,
	/** Of the header: 1 */
	version: 4,
	/** Bit 0: some inode has a POSIX ACL. */
	flags: 8,
	/** 0 and 1: libcomposefs; 2: composefs-rs */
	composefsVersion: 12,
} as const;
export const HEADER_MAGIC = 0xd078629a;
export const HEADER_VERSION = 1;
export const FLAG_HAS_ACL = 1;
export const LAST_COMPOSEFS_VERSION = 2;
/** Up to this version the root has whiteouts that the writer added, and whiteouts of the tree are escaped. */
export const LAST_ESCAPING_VERSION = 1;

/** The superblock of EROFS; fields count from its start. */
export const SUPERBLOCK = {
	offset: 1024,
	size: 128,
	magic: 0,
	featureCompat: 8,
	blockBits: 12,
	extensionSlots: 13,
	rootNid: 14,
	inodeCount: 16,
	buildTime: 24,
	buildTimeNsec: 32,
	blockCount: 36,
	metaBlock: 40,
	xattrBlock: 44,
	featureIncompat: 80,
	compressionAlgorithms: 84,
	extraDevices: 86,
	directoryBlockBits: 90,
	xattrPrefixCount: 91,
	packedNid: 96,
} as const;
export const SUPERBLOCK_MAGIC = 0xe0f5e1e2;
export const BLOCK_BITS = 12;
export const COMPAT_MTIME = 2;
export const COMPAT_XATTR_FILTER = 4;
/** Files in chunks. Chunks without data need no such mark, so that libcomposefs leaves it out. */
export const INCOMPAT_CHUNKED_FILE = 4;

/** An inode of 32 or 64 bytes. Then come its xattrs, then its inline data or chunk table. */
export const INODE = {
	/** Bit 0: 64 bytes long; bits 1 to 3: layout of the data */
	format: 0,
	/** 0, or how many words the xattrs take, their header of 12 bytes counted as one */
	xattrCount: 2,
	mode: 4,
	/** A block's number; a device's number; in its low half, the format of chunks */
	union: 16,
} as const;
export const COMPACT = { size: 32, nlink: 6, dataSize: 8, reserved: 12, uid: 24, gid: 26 } as const;
export const EXTENDED = {
	size: 64,
	reserved: 6,
	dataSize: 8,
	uid: 24,
	gid: 28,
	mtime: 32,
	mtimeNsec: 40,
	nlink: 44,
} as const;

export const LAYOUT_PLAIN = 0;
export const LAYOUT_INLINE = 2;
export const LAYOUT_CHUNKED = 4;
/** Low bits of a chunk format: how often a block is doubled. */
export const CHUNK_BITS_MASK = 0x1f;
/** More chunks than this libcomposefs does not write. */
export const MAX_CHUNKS = 1024;
/** The block of a chunk that has no data in the image. */
export const NULL_BLOCK = 0xffffffff;

/** The xattrs of an inode: a header, indexes of shared ones, and then the inode's own. */
export const XATTR_HEADER = { size: 12, filter: 0, sharedCount: 4 } as const;
/** An xattr, at a multiple of 4: this, the name without its prefix, the value. */
export const XATTR_ENTRY = { size: 4, nameLength: 0, prefix: 1, valueSize: 2 } as const;
/**
 * The most that the xattrs of an inode take: what libcomposefs lets in (LCFS_INODE_EXTERNAL_XATTR_MAX), and
 * what it adds.
 */
export const MAX_XATTR_BYTES = 40_960;
/** By index. libcomposefs has no name for 5, and writes what is not in this list with index 0. */
export const XATTR_PREFIXES = [
	"",
	"user.",
	"system.posix_acl_access",
	"system.posix_acl_default",
	"trusted.",
	"lustre.",
	"security.",
] as const;
export const TRUSTED_PREFIX = 4;
/** Of the xxh32 that says which bit of the filter stands for a name: this and the prefix's index. */
export const XATTR_FILTER_SEED = 0x25bbe08f;

/** An entry of a directory. The names follow the last entry of a block, in order, with nothing between. */
export const DIRENT = { size: 12, nid: 0, nameOffset: 8, type: 10 } as const;

/** The type of an inode as a directory entry has it, from its mode's bits 12 to 15; 0 if there is no such. */
export const DIRENT_TYPES: Uint8Array = Uint8Array.of(0, 5, 3, 0, 2, 0, 4, 0, 1, 0, 7, 0, 6, 0, 0, 0);
