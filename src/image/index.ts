/** Images: read, looked into, compared with what they should be. */
export { type ReadImageOptions, readImage } from "./read.ts";
export type { ImageSource, ReadLimits } from "./source.ts";
