// Writing images, and digests of one file.
import fs from "node:fs";
import path from "node:path";
import { OLD, Wrong, withFile } from "./support.mjs";

export async function imageScenarios(folder, files) {
	const { Tree, writeImage, computeDigest } = await import("../../lib/index.js");
	const tree = new Tree();
	for (let i = 0; i < files; i++) {
		if (i % 50 === 0) tree.mkdir(`/${i}`);
		const xattrs = i % 7 === 0 ? [["user.number", Buffer.from(`${i % 21}`)]] : [];
		const digest = i.toString(16).padStart(64, "0");
		tree.writeFile(`/${i - (i % 50)}/file-${i}`, { size: 5000, digest, path: digest.slice(2) }, { xattrs });
	}
	tree.link("/0/file-1", "/0/link");
	const expected = await writeImage(tree);
	const bytes = Buffer.from(expected.image);
	const at = (name) => path.join(folder, name);
	fs.writeFileSync(at("source"), bytes);
	const check = (found) => {
		if (found !== expected.digest) throw new Wrong(`digest ${found}`);
	};
	const checkFile = (name, mayBeOld) => {
		const found = fs.readFileSync(at(name));
		if (!found.equals(bytes) && !(mayBeOld && found.equals(OLD)))
			throw new Wrong(`${name}: ${found.length} bytes`);
	};
	return {
		"writeImage to a path": {
			prepare: () => fs.writeFileSync(at("image"), OLD),
			run: async () => check((await writeImage(tree, { to: at("image") })).digest),
			after: (done) => checkFile("image", !done),
		},
		"writeImage without a flush": {
			prepare: () => fs.writeFileSync(at("unflushed"), OLD),
			run: async () => check((await writeImage(tree, { to: at("unflushed"), flush: false })).digest),
			after: (done) => checkFile("unflushed", !done),
		},
		"writeImage to a symlink": {
			prepare: () => {
				fs.rmSync(at("link"), { force: true });
				fs.writeFileSync(at("target"), OLD);
				fs.symlinkSync("target", at("link"));
			},
			run: async () => check((await writeImage(tree, { to: at("link") })).digest),
			after: (done) => {
				if (!fs.lstatSync(at("link")).isSymbolicLink()) throw new Wrong("the symlink is gone");
				checkFile("target", !done);
			},
		},
		"writeImage to a descriptor": {
			prepare: () => fs.writeFileSync(at("open"), ""),
			run: () => withFile(at("open"), "w", async (to) => check((await writeImage(tree, { to })).digest)),
			after: (done) => done && checkFile("open", false),
		},
		"writeImage to memory": {
			run: async () => {
				const { image, digest } = await writeImage(tree);
				check(digest);
				if (!bytes.equals(image)) throw new Wrong("the image");
			},
		},
		"writeImage for its digest": {
			run: async () => check((await writeImage(tree, { digestOnly: true })).digest),
		},
		"computeDigest of a path": { run: async () => check(await computeDigest(at("source"))) },
		"computeDigest of a descriptor": {
			run: () => withFile(at("source"), "r", async (file) => check(await computeDigest(file))),
		},
		"computeDigest of bytes": { run: async () => check(await computeDigest(bytes)) },
	};
}
