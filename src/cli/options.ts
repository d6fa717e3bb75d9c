/** Options and arguments that several commands have. */
import { Command } from "commander";

/** A command that reads images. */
export function imageCommand(name: string, description: string): Command {
	return new Command(name)
		.description(description)
		.argument("<image...>")
		.option("--filter <name...>", "only these entries of the root; may be repeated")
		.option("--json", "print JSON");
}

/** A list below a command's help. */
export function examples(...lines: string[]): string {
	return `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}
