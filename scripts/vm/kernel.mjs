// The kernel of the virtual machine: the distribution's own package, unpacked under deps/vm.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { unpackPackages } from "../private-apt.mjs";
import { onPath, root, run, SetupError } from "../report.mjs";

export const vmFolder = path.join(root, "deps", "vm");
export const kernelFile = path.join(vmFolder, "kernel");
export const moduleFolder = path.join(vmFolder, "modules");

/** The second is the first under another name, in releases where this is the only kernel. */
const packages = ["linux-image-6.12-cloud-amd64", "linux-image-cloud-amd64"];
const minimum = "6.12";

/**
 * What the guest needs; those that a kernel has built in have no file. Loaded in this order, twice, since the package
 * brings no list of what depends on what.
 */
export const modules =
	"virtio virtio_ring virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_console crc16 mbcache jbd2 " +
	"crc32c_generic ext4 libcrc32c netfs virtio_blk loop overlay erofs";

export function hasKernel() {
	return fs.existsSync(kernelFile);
}

export function ensureKernel() {
	if (hasKernel()) return;
	if (!onPath("apt-get") || !onPath("xz")) throw new SetupError("a kernel is brought by apt-get and xz");
	console.error("downloading a kernel with fs-verity into deps/vm");
	const unpacked = path.join(root, "deps", "vm-package");
	download(unpacked);
	try {
		fs.mkdirSync(moduleFolder, { recursive: true });
		const files = fs.readdirSync(unpacked, { recursive: true, encoding: "utf8" });
		for (const name of modules.split(" ")) unpackModule(unpacked, files, name);
		const image = files.find((file) => /^boot\/vmlinuz-/.test(file));
		if (image === undefined) throw new SetupError("the kernel's package holds no kernel");
		const partial = `${kernelFile}.new`;
		fs.writeFileSync(partial, bareKernel(fs.readFileSync(path.join(unpacked, image))));
		fs.renameSync(partial, kernelFile);
	} finally {
		fs.rmSync(unpacked, { recursive: true, force: true });
	}
}

function download(destination) {
	const options = { architecture: "amd64", destination, minimum, release: true, instead: /^linux-image-\d/ };
	const problems = [];
	for (const name of packages) {
		try {
			return unpackPackages([name], options);
		} catch (error) {
			if (!(error instanceof SetupError)) throw error;
			problems.push(error.message);
		}
	}
	throw new SetupError(problems.join("\n"));
}

function unpackModule(folder, files, name) {
	const file = files.find((found) => new RegExp(`/${name}\\.ko(\\.xz)?$`).test(found));
	if (file === undefined) return;
	const target = path.join(moduleFolder, `${name}.ko`);
	const packed = path.join(folder, file);
	if (!file.endsWith(".xz")) return fs.copyFileSync(packed, target);
	fs.writeFileSync(target, run("xz", ["-dc", packed], { encoding: "buffer" }));
}

/**
 * The ELF file within a bzImage, if zstd is here to unpack it: the guest need not do so itself then, which saves it
 * three seconds.
 */
function bareKernel(image) {
	const at = image.indexOf(Buffer.from("28b52ffd", "hex"));
	if (at < 0 || !onPath("zstd")) return image;
	// Its status is an error: bytes that are not its own follow.
	const { stdout } = spawnSync("zstd", ["-dcq"], { input: image.subarray(at), maxBuffer: 1 << 30 });
	return stdout?.subarray(1, 4).toString() === "ELF" ? stdout : image;
}
