#!/usr/bin/env node
/** The command line: arguments become calls of the library, nothing else. */
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { buildCommand } from "./build.ts";
import { completionCommand } from "./completion.ts";
import { diffCommand } from "./diff.ts";
import { digestCommand } from "./digest.ts";
import { doctorCommand } from "./doctor.ts";
import { dumpCommand } from "./dump.ts";
import { EXIT, fail } from "./exit.ts";
import { fsckCommand } from "./fsck.ts";
import { gcCommand } from "./gc.ts";
import { infoCommand } from "./info.ts";
import { inspectCommand } from "./inspect.ts";
import { lsCommand } from "./ls.ts";
import { manualCommand } from "./manual.ts";
import { mountCommand, umountCommand } from "./mount.ts";
import { missingObjectsCommand, objectsCommand } from "./objects.ts";
import { pullCommand } from "./pull.ts";
import { sealCommand } from "./seal.ts";
import { verifyCommand } from "./verify.ts";
import { describeVersions } from "./version.ts";

const COMMANDS = [
	buildCommand,
	pullCommand,
	inspectCommand,
	sealCommand,
	lsCommand,
	dumpCommand,
	infoCommand,
	objectsCommand,
	missingObjectsCommand,
	diffCommand,
	digestCommand,
	verifyCommand,
	mountCommand,
	umountCommand,
	gcCommand,
	fsckCommand,
	doctorCommand,
	completionCommand,
	manualCommand,
];

export function createProgram(): Command {
	const { version, description } = JSON.parse(
		readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
	);
	const program = new Command("composefs")
		.description(description)
		.option("-V, --version", "print the versions of composefs and of the libraries in it")
		.on("option:version", () => {
			console.log(describeVersions(version));
			throw new CommanderError(EXIT.success, "commander.version", "");
		})
		.exitOverride()
		.showHelpAfterError("(see composefs --help)");
	for (const create of COMMANDS) program.addCommand(inheriting(create()));
	return program;
}

/** Commands that are added, not created, by their parent have its settings only if told. */
function inheriting(command: Command): Command {
	return command.exitOverride().showHelpAfterError(`(see composefs ${command.name()} --help)`);
}

/** Runs the command line; returns the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
	process.stdout.on("error", (error: NodeJS.ErrnoException) => {
		// Whoever reads our output has read enough.
		process.exit(error.code === "EPIPE" ? EXIT.success : EXIT.failure);
	});
	try {
		await createProgram().parseAsync(argv, { from: "user" });
		return EXIT.success;
	} catch (error) {
		if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.success : EXIT.usage;
		return fail(error);
	}
}

process.exitCode = await main(process.argv.slice(2));
