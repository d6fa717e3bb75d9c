/** What only trying tells: an image is written, a file sealed, an image mounted, in a temporary folder. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { ComposefsError } from "../../errors.ts";
import { mount } from "../../mount/index.ts";
import { ObjectStore } from "../../store/index.ts";
import { Tree } from "../../tree.ts";
import { enable as enableVerity } from "../../verity.ts";
import { writeImage } from "../../write.ts";
import type { Check } from "./check.ts";
import { verityAdvice } from "./verity.ts";

const CONTENT = Buffer.alloc(10_000, "composefs\n");

/**
 * @param parent    where the temporary folder is made
 * @param mounts    whether mounting is tried
 */
export async function trials(parent: string, mounts: boolean, signal: AbortSignal): Promise<Check[]> {
	let folder: string;
	try {
		folder = await mkdtemp(path.join(parent, ".composefs-doctor-"));
	} catch (error) {
		return [
			{ name: "writing", status: "missing", found: (error as Error).message, advice: "name another folder" },
		];
	}
	try {
		const checks = [await tried("writing", "an image and an object", () => writeBoth(folder, signal))];
		checks.push(await verityTrial(folder, parent));
		if (mounts && checks[0]?.status === "ok")
			checks.push(
				await tried("mounting", "an image was mounted, its file read", () => mountBoth(folder, signal)),
			);
		return checks;
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

async function tried(name: string, found: string, trial: () => Promise<void>): Promise<Check> {
	try {
		await trial();
		return { name, status: "ok", found };
	} catch (error) {
		if (!(error instanceof ComposefsError)) throw error;
		return { name, status: "missing", found: error.message };
	}
}

async function writeBoth(folder: string, signal: AbortSignal): Promise<void> {
	await using store = await ObjectStore.open(path.join(folder, "objects"), { create: true, verity: "off" });
	const tree = new Tree();
	tree.writeFile("/file", await store.put(CONTENT, { signal }));
	await writeImage(tree, { to: path.join(folder, "image.cfs"), signal });
}

async function verityTrial(folder: string, parent: string): Promise<Check> {
	const name = "fs-verity";
	const file = path.join(folder, "sealed");
	await writeFile(file, CONTENT);
	try {
		await enableVerity(file);
		return { name, status: "ok", found: `files in ${parent} can be sealed` };
	} catch (error) {
		if (!(error instanceof ComposefsError)) throw error;
		const found = `files in ${parent} cannot be sealed (${error.code})`;
		const isWanting = error.code === "ERR_COMPOSEFS_VERITY";
		return { name, status: "limited", found, ...(isWanting && { advice: await verityAdvice(folder) }) };
	}
}

async function mountBoth(folder: string, signal: AbortSignal): Promise<void> {
	const target = path.join(folder, "mounted");
	await mkdir(target);
	await using _mounted = await mount(path.join(folder, "image.cfs"), target, {
		objects: [path.join(folder, "objects")],
		verity: "off",
		signal,
	});
	if (!CONTENT.equals(await readFile(path.join(target, "file"))))
		throw new ComposefsError("ERR_COMPOSEFS_MOUNT", "a mounted file has another content", {
			rule: "content",
		});
}
