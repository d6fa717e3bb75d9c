/** A directory on the way of a walk over an image. */
import type { Directory } from "../inode.ts";
import { fail } from "./fault.ts";
import { DIRENT, DIRENT_TYPES } from "./layout.ts";
import { Listing } from "./listing.ts";

/** A directory that is being read; used again for another one of the same depth. */
export class Level {
	readonly listing = new Listing();
	name = "";
	/** The listing has all of its entries. */
	isListed = false;
	/** Of its entries, the one to come. */
	next = 0;
	nid = 0;
	nlink = 0;
	/** Of the inode. */
	offset = 0;
	hasMarks = false;
	subdirectories = 0;
	whiteouts = 0;
	dots = 0;
	inode: Directory | undefined = undefined;

	forget(): void {
		this.listing.forget();
		this.name = "";
		this.inode = undefined;
	}
}

/** An entry has to have the type of its inode. */
export function checkType({ listing }: Level, index: number, type: number): void {
	if (listing.types[index] !== DIRENT_TYPES[type])
		fail(
			"dirent-type",
			(listing.places[index] as number) + DIRENT.type,
			"an entry's type is not its inode's",
		);
}
