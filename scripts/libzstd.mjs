// Finds libzstd, which the addon links.
//
//   node scripts/libzstd.mjs ensure     find it, else download it under deps/
//   node scripts/libzstd.mjs include    for binding.gyp and CMakeLists.txt
//   node scripts/libzstd.mjs libs       likewise, one linker argument a line
//
// Looked at in this order: ZSTD_PREFIX, pkg-config, /usr, deps/. The archive is linked where there is one, so that
// what is built needs no libzstd to run; of it the linker takes the files that are used.
import fs from "node:fs";
import path from "node:path";
import { answer, ensureLibrary, linkShared } from "./distribution-library.mjs";

const libzstd = {
	name: "libzstd",
	module: "libzstd",
	minimum: "1.4.0",
	header: "zstd.h",
	variable: "ZSTD_PREFIX",
	packages: { debian: ["libzstd-dev"], fedora: ["libzstd-devel", "libzstd-static"], alpine: "zstd-dev" },
	link(candidate) {
		const archive = path.join(candidate.libdir, "libzstd.a");
		if (fs.existsSync(archive)) return { ...candidate, link: "static", libs: [archive] };
		return linkShared(candidate, "zstd");
	},
};

/** Finds libzstd, or brings it under deps/. */
export function ensureLibzstd() {
	return ensureLibrary(libzstd);
}

if (process.argv[1] === import.meta.filename) await answer(libzstd);
