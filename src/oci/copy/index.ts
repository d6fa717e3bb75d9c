/** Images from one place to another. */
export { cachedImage, forgetCached } from "./cached-image.ts";
export { type CopyOptions, copyImage } from "./copy.ts";
export type { ImageDestination, PutManifest, SignalOptions } from "./destination.ts";
export { LayoutDestination } from "./layout-destination.ts";
