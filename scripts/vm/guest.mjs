// The virtual machine: what is in it, and running it to its end.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { root, run, SetupError } from "../report.mjs";
import { Archive } from "./archive.mjs";
import { hasKernel, kernelFile, moduleFolder, modules } from "./kernel.mjs";

const qemu = "qemu-system-x86_64";
const programs = [qemu, "busybox", "fsverity", "mkfs.ext4"];
const attempts = 3;
const limitSeconds = 300; // of a busy machine; a quiet one takes ten to twenty
const memory = 1024; // MB
const diskSize = 64 << 20;

/** Programs of this machine that a virtual machine takes and that are not here. */
export function missingForVm() {
	if (process.arch !== "x64") return ["an x86-64 machine"];
	return programs.filter((program) => whereIs(program) === undefined);
}

/** Whether all is here that a run takes. */
export function canRunVm() {
	return missingForVm().length === 0 && hasKernel();
}

/**
 * Runs a command in the guest.
 *
 * @param {string[]} command   program and arguments
 * @returns {{ status: number, output: string }} its exit status; its stdout and stderr
 */
export function runInVm(command) {
	const missing = missingForVm();
	if (missing.length > 0) throw new SetupError(`a virtual machine takes ${missing.join(", ")}`);
	if (!hasKernel()) throw new SetupError("no kernel: node scripts/vm.mjs --setup");
	const work = fs.mkdtempSync(path.join(os.tmpdir(), "composefs-vm-"));
	try {
		fs.writeFileSync(path.join(work, "initrd"), firstFileSystem(command));
		const disk = path.join(work, "disk");
		fs.writeFileSync(disk, "");
		fs.truncateSync(disk, diskSize);
		run(whereIs("mkfs.ext4"), ["-q", "-b", "4096", "-O", "verity", disk]);
		return boot(work);
	} finally {
		fs.rmSync(work, { recursive: true, force: true });
	}
}

function whereIs(program) {
	// mkfs is where a user's PATH does not always lead.
	const folders = [...(process.env.PATH ?? "").split(path.delimiter), "/usr/sbin", "/sbin"];
	return folders.map((folder) => path.join(folder || ".", program)).find((file) => fs.existsSync(file));
}

function firstFileSystem(command) {
	const archive = new Archive();
	for (const folder of ["proc", "sys", "dev", "tmp", "verity", "mnt"]) archive.directory(`/${folder}`);
	archive.file("/init", fs.readFileSync(path.join(root, "scripts/vm/init.sh")), 0o755);
	archive.file("/command", `exec ${command.map(quoted).join(" ")}\n`);
	archive.copy(moduleFolder, "/modules");
	archive.file("/modules/order", modules);
	archive.program(whereIs("busybox"), "/bin/busybox");
	archive.program(whereIs("fsverity"), "/usr/bin/fsverity");
	archive.program(fs.realpathSync(process.execPath), "/usr/bin/node");
	archive.program(path.join(root, "build/Release/composefs.node"), "/package/build/Release/composefs.node");
	for (const name of [
		"lib",
		"package.json",
		"test/fixtures",
		"docs/mount.md",
		"node_modules/commander",
		"node_modules/node-gyp-build",
	])
		archive.copy(path.join(root, name), path.join("/package", name));
	return archive.bytes();
}

function quoted(word) {
	return `'${word.replaceAll("'", "'\\''")}'`;
}

/** Again if the kernel does not come up, which emulation sometimes causes; never once the command has begun. */
function boot(work) {
	for (let attempt = 0; attempt < attempts; attempt++) {
		for (const file of ["output", "status", "log"]) fs.writeFileSync(path.join(work, file), "");
		const { error } = spawnSync(qemu, machine(work), {
			stdio: ["ignore", "ignore", "inherit"],
			timeout: limitSeconds * 1000,
			killSignal: "SIGKILL",
		});
		const [booted, status] = read(work, "status").split("\n");
		if (booted !== "booted" && error === undefined) continue;
		if (/^\d+$/.test(status)) return { status: Number(status), output: read(work, "output") };
		throw new SetupError(
			`the virtual machine died, or ran over ${limitSeconds} s:\n${read(work, "output")}${tail(work)}`,
		);
	}
	throw new SetupError(`the virtual machine did not boot:\n${tail(work)}`);
}

function machine(work) {
	const at = (name) => path.join(work, name);
	const port = (number, name) => [
		...["-chardev", `file,id=${name},path=${at(name)}`],
		...["-device", `virtserialport,nr=${number},chardev=${name}`],
	];
	return [
		// Emulated: a /dev/kvm that is there may still not be able to run a stock kernel.
		...["-M", "pc,usb=off", "-accel", "tcg", "-cpu", "max", "-m", `${memory}`],
		...["-nodefaults", "-display", "none", "-no-reboot", "-serial", `file:${at("log")}`],
		...["-kernel", kernelFile, "-initrd", at("initrd")],
		...["-append", "console=ttyS0 loglevel=6 panic=-1 mitigations=off nokaslr rdinit=/init"],
		...["-drive", `file=${at("disk")},if=virtio,format=raw,cache=unsafe`, "-device", "virtio-serial"],
		...port(1, "output"),
		...port(2, "status"),
	];
}

function read(work, name) {
	return fs.readFileSync(path.join(work, name), "utf8");
}

function tail(work) {
	return read(work, "log").split("\n").slice(-25).join("\n");
}
