/** Mounting images, and what it takes to do that elsewhere. */

export { type Mount, mount, mountImage } from "./mount.ts";
export type { MountOptions, VerityMode } from "./options.ts";
export {
	type ClassicMount,
	type MountCall,
	type MountSpec,
	mountSpec,
	type OciMount,
} from "./spec.ts";
export { type UnmountOptions, unmount } from "./unmount.ts";
