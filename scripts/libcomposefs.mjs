// Finds libcomposefs: its headers, and the static or shared library to link.
//
//   node scripts/libcomposefs.mjs ensure     find it, else download it under deps/
//   node scripts/libcomposefs.mjs include    for binding.gyp and CMakeLists.txt
//   node scripts/libcomposefs.mjs libs       likewise, one linker argument a line
//   node scripts/libcomposefs.mjs defines    likewise, what the addon is compiled with
//
// Looked at in this order: COMPOSEFS_PREFIX, pkg-config, /usr, deps/. COMPOSEFS_LINK is `tuned` (the
// static archive, with an allocator of the addon's; the default where it can be), `static` (the archive
// as it is) or `shared`. `--arch=arm64` asks for another architecture than this machine's.
import fs from "node:fs";
import path from "node:path";
import { answer, arch, ensureLibrary, linkShared } from "./distribution-library.mjs";
import { tunedArchive, tunedLinkFlags } from "./tune-archive.mjs";

const { COMPOSEFS_LINK = "tuned" } = process.env;

const libcomposefs = {
	name: "libcomposefs",
	module: "composefs",
	minimum: "1.0.8",
	header: "libcomposefs/lcfs-writer.h",
	variable: "COMPOSEFS_PREFIX",
	packages: {
		debian: COMPOSEFS_LINK === "shared" ? ["libcomposefs-dev", "libcomposefs1"] : ["libcomposefs-dev"],
		fedora: ["composefs-devel", "composefs-libs"],
		alpine: "composefs-dev",
	},
	suite: "sid", // Debian's releases do not carry it
	link(candidate) {
		const archive = path.join(candidate.libdir, "libcomposefs.a");
		if (!fs.existsSync(archive) || COMPOSEFS_LINK === "shared") return linkShared(candidate, "composefs");
		const tuned =
			COMPOSEFS_LINK === "tuned" ? tunedArchive({ archive, version: candidate.version, arch }) : undefined;
		if (tuned) return { ...candidate, link: "tuned", libs: [tuned, ...tunedLinkFlags] };
		return { ...candidate, link: "static", libs: [archive] };
	},
};

/** Finds libcomposefs, or brings it under deps/. */
export function ensureLibcomposefs() {
	return ensureLibrary(libcomposefs);
}

if (process.argv[1] === import.meta.filename)
	await answer(libcomposefs, {
		defines: ({ link, version }) =>
			[
				`COMPOSEFS_TUNED=${link === "tuned" ? 1 : 0}`,
				`LIBCOMPOSEFS_VERSION=${version}`,
				`LIBCOMPOSEFS_LINK=${link}`,
			].join("\n"),
	});
