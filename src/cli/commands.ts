/** The commands, in the order of the help. Each is loaded when it is wanted: all of them take longer than most runs. */
import type { Command } from "commander";

type Load = () => Promise<Command>;

export const COMMANDS: ReadonlyMap<string, Load> = new Map<string, Load>([
	["build", async () => (await import("./build.ts")).buildCommand()],
	["pull", async () => (await import("./pull.ts")).pullCommand()],
	["inspect", async () => (await import("./inspect.ts")).inspectCommand()],
	["seal", async () => (await import("./seal.ts")).sealCommand()],
	["ls", async () => (await import("./ls.ts")).lsCommand()],
	["dump", async () => (await import("./dump.ts")).dumpCommand()],
	["info", async () => (await import("./info.ts")).infoCommand()],
	["objects", async () => (await import("./objects.ts")).objectsCommand()],
	["missing-objects", async () => (await import("./objects.ts")).missingObjectsCommand()],
	["diff", async () => (await import("./diff.ts")).diffCommand()],
	["digest", async () => (await import("./digest.ts")).digestCommand()],
	["verify", async () => (await import("./verify.ts")).verifyCommand()],
	["mount", async () => (await import("./mount.ts")).mountCommand()],
	["umount", async () => (await import("./mount.ts")).umountCommand()],
	["gc", async () => (await import("./gc.ts")).gcCommand()],
	["fsck", async () => (await import("./fsck.ts")).fsckCommand()],
	["doctor", async () => (await import("./doctor.ts")).doctorCommand()],
	["completion", async () => (await import("./completion.ts")).completionCommand()],
	["manual", async () => (await import("./manual.ts")).manualCommand()],
]);

/** Those that tell of all the others. */
const TELLS_OF_ALL = new Set(["completion", "manual"]);
const VERSION = new Set(["-V", "--version"]);

/** What a command line needs: the command that it begins with; none for the version; all, where anything else comes. */
export async function loadCommands(argv: readonly string[]): Promise<Command[]> {
	const [first = ""] = argv;
	if (VERSION.has(first)) return [];
	const load = TELLS_OF_ALL.has(first) ? undefined : COMMANDS.get(first);
	if (load !== undefined) return [await load()];
	return Promise.all([...COMMANDS.values()].map((each) => each()));
}
