/**
 * Runs a command in an OCI image's root file system, which is mounted by its digest's objects and never unpacked.
 * It takes root.
 *
 *     node run-rootfs.js debian:12 /var/lib/images cat /etc/os-release
 *     node run-rootfs.js ./layout /var/lib/images sh       # of an OCI layout
 *
 * What is pulled stays in the folder: a second image takes only what the first has not.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rmdir } from "node:fs/promises";
import path from "node:path";
import { ComposefsError, enableVerity, writeImage } from "composefs";
import { mount } from "composefs/mount";
import { openLayout, pullImage, RegistryClient, type ResolvedImage } from "composefs/oci";
import { ObjectStore } from "composefs/store";

async function find(source: string): Promise<ResolvedImage> {
	if (existsSync(path.join(source, "oci-layout"))) return (await openLayout(source)).resolve();
	return new RegistryClient({ plainHttp: "loopback" }).repository(source).resolve();
}

interface Prepared {
	readonly image: string;
	/** That the kernel is to check the image by, and so all of its files; none where it cannot. */
	readonly digest: string | undefined;
}

/** Contents into the store, the image beside it. */
async function prepare(source: string, folder: string, signal: AbortSignal): Promise<Prepared> {
	const store = await ObjectStore.open(path.join(folder, "objects"), { create: true, sync: "flush" });
	try {
		const image = await find(source);
		const tree = await pullImage(image, { store, signal });
		await store.flush();
		const to = path.join(folder, `${image.manifest.descriptor.digest.replace(":", "-")}.cfs`);
		const { digest } = await writeImage(tree, { to, signal });
		console.error(`${source}: ${digest}`);
		return { image: to, digest: (await seal(to)) ? digest : undefined };
	} finally {
		await store.close();
	}
}

async function seal(image: string): Promise<boolean> {
	try {
		await enableVerity(image);
		return true;
	} catch (error) {
		if (error instanceof ComposefsError && error.code === "ERR_COMPOSEFS_VERITY") return false;
		throw error;
	}
}

/** Runs the command in the mounted image; returns its exit status. */
async function runIn(
	{ image, digest }: Prepared,
	folder: string,
	command: readonly string[],
): Promise<number> {
	const target = await mkdtemp(path.join(folder, "root-"));
	try {
		const objects = [path.join(folder, "objects")];
		const mounted = await mount(image, target, { objects, ...(digest ? { digest } : { verity: "off" }) });
		try {
			const child = spawn("chroot", [target, ...command], { stdio: "inherit" });
			const [status] = await once(child, "exit");
			return status ?? 1;
		} finally {
			await mounted.unmount();
		}
	} finally {
		await rmdir(target);
	}
}

const [source, folder, ...command] = process.argv.slice(2);
if (source === undefined || folder === undefined || command.length === 0) {
	console.error("usage: run-rootfs REFERENCE|LAYOUT FOLDER COMMAND…");
	process.exitCode = 2;
} else {
	const controller = new AbortController();
	process.once("SIGINT", () => controller.abort());
	try {
		await mkdir(folder, { recursive: true });
		const prepared = await prepare(source, folder, controller.signal);
		process.exitCode = await runIn(prepared, folder, command);
	} catch (error) {
		if (!(error instanceof ComposefsError)) throw error;
		console.error(`${error.code}: ${error.message}`);
		process.exitCode = 1;
	}
}
