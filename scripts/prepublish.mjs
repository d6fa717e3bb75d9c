// Before `npm publish`: what is published without its binaries is no package. `npm run pack` makes and checks it.
import fs from "node:fs";
import path from "node:path";
import { ARCHITECTURES, prebuildPath } from "./prebuild.mjs";
import { main, root, SetupError } from "./report.mjs";

await main(() => {
	const needed = [
		...ARCHITECTURES.map(prebuildPath),
		path.join(root, "lib/index.js"),
		path.join(root, "man"),
	];
	const missing = needed.filter((file) => !fs.existsSync(file));
	if (missing.length === 0) return;
	const names = missing.map((file) => path.relative(root, file)).join(", ");
	throw new SetupError(`${names}: missing; npm run pack makes the package, with all that is in it`);
});
