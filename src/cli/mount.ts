/** `composefs mount` and `umount`: an image as a file system. Ends with 3 if the image is not what it should be. */
import { Command } from "commander";
import { ComposefsError } from "../errors.ts";
import { mount, unmount } from "../mount/index.ts";
import { asUsage, EXIT, ExitStatus, fail, interruptible, isUnverified, UsageError } from "./exit.ts";
import { parseMountOptions } from "./mount-options.ts";
import { collect, examples } from "./options.ts";

interface MountCommandOptions {
	readonly options?: string[];
	readonly imageOnly?: true;
}

const OPTIONS = `
Options of -o:
  basedir=FOLDER[:FOLDER…]  stores that files are looked up in
  digest=DIGEST             fs-verity digest that the image must have; implies verity
  verity                    objects must have the fs-verity digests that the image has for them
  tryverity                 likewise, where the kernel can check it
  upperdir=FOLDER           where changes go, with workdir=FOLDER
  idmap=FILE                map owners by a user namespace, such as /proc/PID/ns/user
  ro, rw                    with an upperdir: refuse changes, or take them (the default)
In paths, put a backslash before comma, colon and backslash.`;

export function mountCommand(): Command {
	return new Command("mount")
		.description("mount an image and the objects of its files")
		.argument("<image>")
		.argument("<target>", "an existing folder")
		.option("-o, --options <options>", "options between commas; may be repeated", collect)
		.option("--image-only", "mount the image alone, as EROFS: its objects read as zeros")
		.addHelpText("after", OPTIONS)
		.addHelpText(
			"after",
			examples(
				"composefs mount -o basedir=/var/objects rootfs.cfs /mnt",
				"composefs mount -o basedir=/var/objects,digest=7429a606…e991 rootfs.cfs /mnt",
			),
		)
		.action(mountAction);
}

async function mountAction(image: string, target: string, command: MountCommandOptions): Promise<void> {
	const flags = parseMountOptions(command.options ?? []);
	if (command.imageOnly && flags.objects.length > 0) throw new UsageError("--image-only takes no basedir");
	if (!command.imageOnly && flags.objects.length === 0)
		throw new UsageError("no object store is named: -o basedir=FOLDER, or else --image-only");
	await interruptible((signal) => mount(image, target, { ...flags, signal })).catch((error) => {
		const status = fail(asUsage(error));
		throw new ExitStatus(isUnverified(error) || isRefusedByKernel(error) ? EXIT.verificationFailed : status);
	});
}

function isRefusedByKernel(error: unknown): boolean {
	return error instanceof ComposefsError && error.rule === "image-verity";
}

export function umountCommand(): Command {
	return new Command("umount")
		.description("unmount an image")
		.argument("<target>")
		.option("--detach", "at once, even if files in it are open")
		.addHelpText("after", examples("composefs umount /mnt"))
		.action((target: string, options: { readonly detach?: true }) => unmount(target, options));
}
