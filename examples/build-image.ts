/**
 * Builds an image without a Dockerfile and without root: what a recipe names is put over a base, as it stands.
 *
 *     node build-image.js recipe.json out/       # writes out/objects, out/image.cfs, prints the digest
 *
 *     { "base": "alpine-layout",                     an OCI layout; may be left out
 *       "copy": { "/app": "dist" },                  paths in the image: directories beside the recipe
 *       "write": { "/etc/hostname": "box\n" },       … and texts
 *       "links": { "/usr/bin/app": "/app/main.js" }, … and targets of symlinks
 *       "mtime": "2026-01-01" }                      of all that is added: the same recipe gives the same digest
 */
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { file, type Inode, symlink, Tree, writeImage } from "composefs";
import { fromDirectory } from "composefs/directory";
import { openLayout, pullImage } from "composefs/oci";
import { ObjectStore } from "composefs/store";

interface Recipe {
	readonly base?: string;
	readonly copy?: Readonly<Record<string, string>>;
	readonly write?: Readonly<Record<string, string>>;
	readonly links?: Readonly<Record<string, string>>;
	readonly mtime: string;
}

async function buildImage(recipeFile: string, out: string): Promise<string> {
	const recipe: Recipe = JSON.parse(await readFile(recipeFile, "utf8"));
	const beside = (name: string) => path.resolve(path.dirname(recipeFile), name);
	const mtime = new Date(recipe.mtime);
	const store = await ObjectStore.open(path.join(out, "objects"), { create: true, sync: "flush" });
	try {
		const layout = recipe.base === undefined ? undefined : await openLayout(beside(recipe.base));
		const tree = layout ? await pullImage(await layout.resolve(), { store }) : new Tree();
		const put = (name: string, inode: Inode) =>
			tree
				.mkdir(path.posix.dirname(name), { recursive: true, mtime })
				.children.set(path.posix.basename(name), inode);
		for (const [target, source] of Object.entries(recipe.copy ?? {})) {
			const added = await fromDirectory(beside(source), { store, mapOwner: () => ({ uid: 0, gid: 0 }) });
			for (const { inode } of added.walk()) inode.mtimeNs = BigInt(mtime.getTime()) * 1_000_000n;
			put(target, added.root);
		}
		for (const [target, text] of Object.entries(recipe.write ?? {}))
			put(target, file(Buffer.from(text), { mtime }));
		for (const [name, target] of Object.entries(recipe.links ?? {})) put(name, symlink(target, { mtime }));
		await store.flush();
		return (await writeImage(tree, { to: path.join(out, "image.cfs") })).digest;
	} finally {
		await store.close();
	}
}

const [recipe, out] = process.argv.slice(2);
if (recipe === undefined || out === undefined) {
	console.error("usage: build-image RECIPE OUT");
	process.exitCode = 2;
} else {
	await mkdir(out, { recursive: true });
	console.log(await buildImage(recipe, out));
}
