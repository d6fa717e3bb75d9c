/** A directory becomes an image and an object store, once into a fresh store and once more. */
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ComposefsError, type Tree, writeImage } from "composefs";
import { fromDirectory } from "composefs/directory";
import { mount } from "composefs/mount";
import { ObjectStore } from "composefs/store";
import { compareFolders } from "./compare.ts";

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

/** What the mounted image shows, file by file, beside the directory that it was made of. */
async function compareMounted(source: string, tree: Tree, image: string, store: string): Promise<string> {
	if (process.getuid?.() !== 0) return "not mounted: that takes root";
	const target = path.join(path.dirname(image), "mounted");
	await mkdir(target);
	const start = performance.now();
	const mounted = await mount(image, target, { objects: [store] }).catch((error: unknown) => {
		// Root of a container may not, and not every kernel knows the file systems.
		if (error instanceof ComposefsError) return error.message;
		throw error;
	});
	if (typeof mounted === "string") return `not mounted: ${mounted}`;
	const milliseconds = performance.now() - start;
	try {
		const trees = [tree, await fromDirectory(target)] as const;
		const { compared, differences } = await compareFolders(source, target, { trees });
		const found =
			differences.length === 0 ? "nothing differs" : `different:\n    ${differences.join("\n    ")}`;
		return `in ${milliseconds.toFixed(1)} ms; ${compared.toLocaleString("en")} names compared with ${source}, ${found}`;
	} finally {
		await mounted.unmount();
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
  store     ${store}, ${objects.size.toLocaleString("en")} ${objects.size === 1 ? "object" : "objects"}
  inodes    ${inodes.size.toLocaleString("en")}
  digest    ${first.digest} (fs-verity)
  time      ${first.milliseconds.toFixed(0)} ms into a fresh store, ${again.milliseconds.toFixed(0)} ms into one that has everything
  again     ${again.digest === first.digest ? "the same digest" : `another digest, ${again.digest}: the folder changed`}
  mounted   ${await compareMounted(source, again.tree, image, store)}

Image and store stay in ${work}, until you remove that folder.`);
}
