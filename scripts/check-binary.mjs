// Checks that a binary of the package loads wherever it may come to: what libraries it needs, the newest symbols of
// glibc that it asks for, what it exports, and that it is stripped.
//
//   node scripts/check-binary.mjs FILE [ARCH]
import fs from "node:fs";
import path from "node:path";
import { compareVersions, main, run, SetupError } from "./report.mjs";

/** Of RHEL 8 and Debian 10. */
const FLOOR = "2.28";
/** Bytes. */
const LARGEST = 2_500_000;
const LIBRARIES = /^(libc\.so\.6|libm\.so\.6|libgcc_s\.so\.1|ld-linux-(x86-64\.so\.2|aarch64\.so\.1))$/;
const MACHINES = { x64: "X86-64", arm64: "AArch64" };

/**
 * @returns {{ size: number, floor: string }} bytes, and the oldest glibc that has all it needs
 * @throws SetupError that names all that is wrong
 */
export function checkBinary(file, arch = process.arch) {
	// objdump of one architecture reads symbols of another, but knows no more of it.
	const headers = run("readelf", ["-W", "-h", "-d", "-S", file]);
	const symbols = run("objdump", ["-T", file]);
	const floor = floorOf(symbols);
	const { size } = fs.statSync(file);
	const needed = Array.from(headers.matchAll(/\(NEEDED\)\s+Shared library: \[(.*?)\]/g), ([, name]) => name);
	const problems = [
		...needed.filter((name) => !LIBRARIES.test(name)).map((name) => `needs ${name}`),
		...(compareVersions(floor, FLOOR) > 0 ? [`needs glibc ${floor}, which is newer than ${FLOOR}`] : []),
		...(size > LARGEST ? [`has ${size} bytes, more than ${LARGEST}`] : []),
		...(symbols.includes("napi_register_module_v1") ? [] : ["exports no napi_register_module_v1"]),
		...(/RPATH|RUNPATH/.test(headers) ? ["has a path of this machine in it (RPATH)"] : []),
		...(/ \.(symtab|debug_info) /.test(headers) ? ["is not stripped"] : []),
		...(headers.match(/Machine:.*$/m)?.[0].includes(MACHINES[arch]) ? [] : [`is not for ${arch}`]),
	];
	if (problems.length > 0) throw new SetupError(`${path.basename(file)} of ${arch} ${problems.join("; ")}`);
	return { size, floor };
}

function floorOf(symbols) {
	const versions = Array.from(symbols.matchAll(/GLIBC_([0-9.]+)/g), ([, version]) => version);
	return versions.reduce(
		(newest, version) => (compareVersions(version, newest) > 0 ? version : newest),
		"2.0",
	);
}

if (process.argv[1] === import.meta.filename)
	await main(() => {
		const { size, floor } = checkBinary(process.argv[2], process.argv[3]);
		console.log(`${size} bytes, glibc >= ${floor}`);
	});
