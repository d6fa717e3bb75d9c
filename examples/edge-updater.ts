/**
 * Keeps an image on a device up to date with a registry: fetches only what the versions before have not, checks what came
 * of it, switches in one step, and forgets the version before last.
 *
 *     node edge-updater.js registry.example/app:stable /srv/app --digest HEX     # what the image has to be
 *     node edge-updater.js registry.example/app:stable /srv/app --every 3600     # what its own seal says, each hour
 *
 * In the folder: `current`, a symlink to the image that counts, to be mounted with `objects`; `previous`, the one to go
 * back to. A seal in the manifest is as good as the registry; a digest that came another way is better. Without either
 * nothing is installed. It ends with 3 if an image is not what it should be: then all is as it was.
 */
import { mkdir, readdir, readlink, rename, rm, symlink } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { ComposefsError, enableVerity, writeImage } from "composefs";
import {
	type PullPlan,
	planPull,
	pullImage,
	RegistryClient,
	type ResolvedImage,
	readInlineSeal,
} from "composefs/oci";
import { ObjectStore } from "composefs/store";

/** Images are called by their manifests: whether there is a new one is known without fetching it. */
function fileOf({ manifest }: ResolvedImage): string {
	return `${manifest.descriptor.digest.replace(":", "-")}.cfs`;
}

async function linkTarget(link: string): Promise<string | undefined> {
	return readlink(link).then(
		(target) => path.basename(target),
		() => undefined,
	);
}

/** Whoever opens the link finds the one image or the other, whenever the power goes. */
async function point(link: string, file: string): Promise<void> {
	await rm(`${link}.new`, { force: true });
	await symlink(path.join("images", file), `${link}.new`);
	await rename(`${link}.new`, link);
}

interface Update {
	readonly folder: string;
	/** fs-verity digest that the image has to have. */
	readonly expected: string;
	readonly signal: AbortSignal;
}

/** Contents into the store; the image beside its place, and there once it is the right one. */
async function install(
	image: ResolvedImage,
	store: ObjectStore,
	{ folder, expected, signal }: Update,
): Promise<void> {
	const [fresh, place] = ["next.cfs", fileOf(image)].map((name) => path.join(folder, "images", name));
	const tree = await pullImage(image, { store, profile: "oci", signal });
	await store.flush();
	const { digest } = await writeImage(tree, { to: fresh as string, minVersion: 1, signal });
	if (digest !== expected) {
		await rm(fresh as string);
		const text = `${image.name}: the image has the digest ${digest}, not ${expected}`;
		throw new ComposefsError("ERR_COMPOSEFS_DIGEST", text, { expected, actual: digest });
	}
	await enableVerity(fresh as string).catch(ignoreUnsupported);
	await rename(fresh as string, place as string);
}

/** Where the file system has no fs-verity, the kernel cannot check; the digest has been compared all the same. */
function ignoreUnsupported(error: unknown): void {
	if (!(error instanceof ComposefsError) || error.code !== "ERR_COMPOSEFS_VERITY") throw error;
}

function inWords({ fetched, saved, requests, missing }: PullPlan): string {
	const [all, part] = [fetched + saved, fetched].map((bytes) => bytes.toLocaleString("en"));
	const percent = ((100 * saved) / Math.max(1, fetched + saved)).toFixed(1);
	return `fetching ${part} of ${all} bytes (${percent} % saved): ${missing} contents in ${requests} requests`;
}

/** All but the two versions that there are links to. */
async function forget(folder: string, store: ObjectStore): Promise<string> {
	const links = await Promise.all(["current", "previous"].map((name) => linkTarget(path.join(folder, name))));
	const images = path.join(folder, "images");
	for (const name of await readdir(images)) if (!links.includes(name)) await rm(path.join(images, name));
	const needed = links.filter((name) => name !== undefined).map((name) => path.join(images, name));
	const { removed, freed } = await store.gc(needed);
	return `${removed.length} objects removed, ${freed.toLocaleString("en")} bytes freed`;
}

async function update(reference: string, folder: string, digest: string | undefined, signal: AbortSignal) {
	const image = await new RegistryClient({ plainHttp: "loopback" })
		.repository(reference)
		.resolve(undefined, { signal });
	const current = path.join(folder, "current");
	const before = await linkTarget(current);
	if (before === fileOf(image)) return console.log(`${reference} is up to date`);
	const expected = digest ?? readInlineSeal(image)?.merged;
	if (expected === undefined)
		throw new ComposefsError("ERR_COMPOSEFS_SEAL", `${reference} has no seal: name its digest`, {
			rule: "unsealed",
		});
	await mkdir(path.join(folder, "images"), { recursive: true });
	const store = await ObjectStore.open(path.join(folder, "objects"), { sync: "flush" });
	try {
		console.log(inWords(await planPull(image, { store, signal })));
		await install(image, store, { folder, expected, signal });
		if (before !== undefined) await point(path.join(folder, "previous"), before);
		await point(current, fileOf(image));
		console.log(`${reference} is ${expected}; ${await forget(folder, store)}`);
	} finally {
		await store.close();
	}
}

/** Tells of a failure. @returns an exit status */
function failed(error: unknown): number {
	if (!(error instanceof ComposefsError)) throw error;
	console.error(`${error.code}: ${error.message}`);
	return error.code === "ERR_COMPOSEFS_DIGEST" || error.code === "ERR_COMPOSEFS_SEAL" ? 3 : 1;
}

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: { digest: { type: "string" }, every: { type: "string" } },
});
const [reference, folder] = positionals;
if (reference === undefined || folder === undefined) {
	console.error("usage: edge-updater [--digest HEX] [--every SECONDS] REFERENCE FOLDER");
	process.exitCode = 2;
} else {
	const controller = new AbortController();
	process.once("SIGINT", () => controller.abort());
	const { signal } = controller;
	do {
		const work = update(reference, folder, values.digest, signal);
		process.exitCode = await work.then(
			() => 0,
			(error) => (signal.aborted ? 130 : failed(error)),
		);
		if (values.every !== undefined)
			await pause(Number(values.every) * 1000, undefined, { signal }).catch(() => {});
	} while (values.every !== undefined && !signal.aborted);
}
