/**
 * Images: read, looked into, compared with what they should be.
 *
 * @module composefs/image
 */
/// <reference types="node" preserve="true" />

export { Image, type ImageEntry, type ImageHeader, type ImageWalkEntry } from "./image.ts";
export { type ImageInfo, imageInfo } from "./info.ts";
export { listObjects, missingObjects, type StoreObject } from "./objects.ts";
export { openImage } from "./open.ts";
export { type ReadImageOptions, readImage } from "./read.ts";
export type { ImageSource, ReadLimits } from "./source.ts";
export type { ImageStat } from "./stat.ts";
export { verifyImage } from "./verify.ts";
