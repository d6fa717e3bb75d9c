/** Images from one place to another. */
export { cachedImage, forgetCached } from "./cached-image.ts";
export { type CopyOptions, copyImage } from "./copy.ts";
export type { ImageDestination, PutManifest, PutOptions } from "./destination.ts";
export { LayoutDestination } from "./layout-destination.ts";
