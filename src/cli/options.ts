/** Options and arguments that several commands have. */
import { Command } from "commander";

/** A command that reads images. */
export function imageCommand(name: string, description: string): Command {
	return new Command(name)
		.description(description)
		.argument("<image...>")
		.option("--filter <name>", "only this entry of the root; may be repeated", collect)
		.option("--json", "print JSON");
}

/** The values of an option that may be repeated: one each time, so that it takes no argument behind it. */
export function collect(text: string, before: string[] = []): string[] {
	return [...before, text];
}

/** A list below a command's help. */
export function examples(...lines: string[]): string {
	return `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}
