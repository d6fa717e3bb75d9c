/**
 * Run in a process of its own, which holds no tree but the one that is read: prints what `readImage` costs its event
 * loop, as JSON. Beside another million inodes the garbage collector would be most of it.
 */
import { readImage } from "composefs/image";
import { measureMedianLoop } from "./measure.ts";

const [image] = process.argv.slice(2);
if (image === undefined) throw new Error("usage: read-loop.js IMAGE");
console.log(JSON.stringify(await measureMedianLoop(() => readImage(image))));
