/**
 * Mounting images, and what it takes to do that elsewhere.
 *
 * @module composefs/mount
 */
/// <reference types="node" preserve="true" />

export { type Mount, mount, mountImage } from "./mount.ts";
export type { MountOptions, VerityMode } from "./options.ts";
export {
	type ClassicMount,
	type MeasureCall,
	type MountCall,
	type MountPart,
	type MountSpec,
	type MountSpecOptions,
	mountSpec,
	type OciMount,
	type UnmountCall,
} from "./spec.ts";
export { type UnmountOptions, unmount } from "./unmount.ts";
