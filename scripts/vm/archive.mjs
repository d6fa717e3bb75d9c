// The guest's first file system: a cpio archive, as the kernel unpacks it into memory (initramfs).
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

const FILE = 0o100000;
const DIRECTORY = 0o040000;
const SYMLINK = 0o120000;

/** Collects files; `bytes()` is an archive in the format "newc". Several can stand behind one another. */
export class Archive {
	#entries = new Map();

	directory(name) {
		if (name === "/" || this.#entries.has(name)) return;
		this.directory(path.dirname(name));
		this.#entries.set(name, { mode: DIRECTORY | 0o755, content: Buffer.alloc(0) });
	}

	file(name, content, mode = 0o644) {
		this.directory(path.dirname(name));
		this.#entries.set(name, { mode: FILE | mode, content: Buffer.from(content) });
	}

	symlink(name, target) {
		this.directory(path.dirname(name));
		this.#entries.set(name, { mode: SYMLINK | 0o777, content: Buffer.from(target) });
	}

	/** A file of this machine, or all in a directory. */
	copy(source, name) {
		if (!fs.statSync(source).isDirectory()) return this.file(name, fs.readFileSync(source), modeOf(source));
		this.directory(name);
		for (const child of fs.readdirSync(source)) this.copy(path.join(source, child), path.join(name, child));
	}

	/** A program or library, with the libraries that it is linked with, each where the program looks for it. */
	program(source, name) {
		this.copy(source, name);
		const { stdout = "" } = spawnSync("ldd", [source], { encoding: "utf8" });
		for (const [, library] of stdout.matchAll(/^\t(?:.* => )?(\/\S+) \(0x/gm)) this.copy(library, library);
	}

	bytes() {
		const pieces = [...this.#entries].flatMap(([name, { mode, content }]) =>
			entry(name.slice(1), mode, content),
		);
		return Buffer.concat([...pieces, ...entry("TRAILER!!!", 0, Buffer.alloc(0))]);
	}
}

function modeOf(file) {
	return fs.statSync(file).mode & 0o777;
}

/** Header, name and content, each filled up to a multiple of four bytes. */
function entry(name, mode, content) {
	const [ino, uid, gid, nlink, mtime, devices, check] = [0, 0, 0, 1, 0, [0, 0, 0, 0], 0];
	const nameBytes = Buffer.from(`${name}\0`);
	const fields = [ino, mode, uid, gid, nlink, mtime, content.length, ...devices, nameBytes.length, check];
	const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
	return [...padded(Buffer.concat([Buffer.from(header), nameBytes])), ...padded(content)];
}

function padded(bytes) {
	return [bytes, Buffer.alloc(-bytes.length & 3)];
}
