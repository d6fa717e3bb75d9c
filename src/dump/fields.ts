/** The fields of a line of composefs-dump(5). */

/** The fields in their order, by the manual's names. */
export const FIELDS = [
	"PATH",
	"SIZE",
	"MODE",
	"NLINK",
	"UID",
	"GID",
	"RDEV",
	"MTIME",
	"PAYLOAD",
	"CONTENT",
	"DIGEST",
] as const;
export type Field = (typeof FIELDS)[number] | "XATTR";

/** Fields by number: looking them up by name would take longer than reading most of them. */
export const INDEX = {
	PATH: 0,
	SIZE: 1,
	MODE: 2,
	NLINK: 3,
	UID: 4,
	GID: 5,
	RDEV: 6,
	MTIME: 7,
	PAYLOAD: 8,
	CONTENT: 9,
	DIGEST: 10,
	XATTR: 11,
} as const;

/** The name of a field by its number; what follows the others are xattrs. */
export function fieldAt(index: number): Field {
	return FIELDS[index] ?? "XATTR";
}
