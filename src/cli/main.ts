#!/usr/bin/env node
/** The command line: arguments become calls of the library, nothing else. */
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { loadCommands } from "./commands.ts";
import { EXIT, fail } from "./exit.ts";
import { examples } from "./options.ts";

const LEFT_MS = 1000;
const VERSION_ASKED = "composefs.version";

/** What package.json says of this package. */
function readManifest(): { readonly version: string; readonly description: string } {
	return JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
}

/** The program, with those of its commands that these arguments need. */
async function createProgram(argv: readonly string[], description: string): Promise<Command> {
	const program = new Command("composefs")
		.description(description)
		.option("-V, --version", "print the versions of composefs and of the libraries in it")
		.on("option:version", () => {
			throw new CommanderError(EXIT.success, VERSION_ASKED, "");
		})
		.exitOverride()
		.showHelpAfterError("(see composefs --help)")
		.addHelpText(
			"after",
			examples(
				"composefs build --store objects rootfs rootfs.cfs",
				"composefs pull --store objects --image debian.cfs debian:12",
				"composefs mount -o basedir=objects rootfs.cfs /mnt",
				"composefs build --help",
			),
		);
	for (const command of await loadCommands(argv)) program.addCommand(inheriting(command));
	return program;
}

/** Commands that are added, not created, by their parent have its settings only if told. */
function inheriting(command: Command): Command {
	return command.exitOverride().showHelpAfterError(`(see composefs ${command.name()} --help)`);
}

async function printVersion(version: string): Promise<void> {
	const { describeVersions } = await import("./version.ts");
	console.log(describeVersions(version));
}

/** Runs the command line; returns the exit status. */
async function main(argv: readonly string[]): Promise<number> {
	process.stdout.on("error", (error: NodeJS.ErrnoException) => {
		// Whoever reads our output has read enough; what was found is as true as before.
		if (error.code === "EPIPE") process.exit(process.exitCode ?? EXIT.success);
		process.exit(fail(error));
	});
	const { version, description } = readManifest();
	try {
		const program = await createProgram(argv, description);
		await program.parseAsync(argv, { from: "user" });
		return EXIT.success;
	} catch (error) {
		if (!(error instanceof CommanderError)) return fail(error);
		if (error.code === VERSION_ASKED) await printVersion(version);
		return error.exitCode === 0 ? EXIT.success : EXIT.usage;
	}
}

process.exitCode = await main(process.argv.slice(2));
// All is cleaned up. What may be left is a thread that waits for whoever writes to a fifo, and cannot be called back.
if (process.exitCode === EXIT.interrupted)
	setTimeout(() => process.kill(process.pid, "SIGKILL"), LEFT_MS).unref();
