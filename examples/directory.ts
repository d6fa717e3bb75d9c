/** A directory becomes an image and an object store, once into a fresh store and once more. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Tree, writeImage } from "composefs";
import { fromDirectory } from "composefs/directory";
import { ObjectStore } from "composefs/store";

interface Built {
	readonly tree: Tree;
	readonly digest: string;
	readonly milliseconds: number;
}

async function build(source: string, image: string, folder: string): Promise<Built> {
	const start = performance.now();
	const store = await ObjectStore.open(folder, { sync: "flush" });
	try {
		const onSkip = ({ path, error }: { path: string; error: Error }) =>
			console.log(`  ${path}: ${error.message}`);
		const tree = await fromDirectory(source, { store, onChanged: "skip", onSkip });
		await store.flush();
		const { digest } = await writeImage(tree, { to: image });
		return { tree, digest, milliseconds: performance.now() - start };
	} finally {
		await store.close();
	}
}

export async function demonstrateDirectory(source: string): Promise<void> {
	const work = await mkdtemp(path.join(tmpdir(), "composefs-demo-"));
	const [image, store] = [path.join(work, "image.cfs"), path.join(work, "objects")];
	const first = await build(source, image, store);
	const again = await build(source, image, store);
	const inodes = new Set(Array.from(first.tree.walk(), ({ inode }) => inode));
	const objects = new Set(Array.from(inodes, (inode) => (inode.type === "file" ? inode.path : undefined)));
	objects.delete(undefined);
	console.log(`${source}, as a composefs image and an object store:
  image     ${image}
  store     ${store}, ${objects.size.toLocaleString("en")} objects
  inodes    ${inodes.size.toLocaleString("en")}
  digest    ${first.digest} (fs-verity)
  time      ${first.milliseconds.toFixed(0)} ms into a fresh store, ${again.milliseconds.toFixed(0)} ms into one that has everything
  again     ${again.digest === first.digest ? "the same digest" : `another digest, ${again.digest}: the folder changed`}`);
}
