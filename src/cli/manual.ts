/** `composefs manual`: manual pages, from the same descriptions as the help. */
import { Command } from "commander";
import { UsageError } from "./exit.ts";
import { examples } from "./options.ts";
import { print } from "./print.ts";

export function manualCommand(): Command {
	return new Command("manual")
		.description("print a manual page, to be shown by man -l -")
		.argument("[command]", "the page of one command")
		.addHelpText("after", examples("composefs manual build | man -l -"))
		.action(async (name: string | undefined, _options: unknown, self: Command) => {
			const program = self.parent ?? self;
			const command = name === undefined ? program : program.commands.find((one) => one.name() === name);
			if (command === undefined) throw new UsageError(`there is no command ${JSON.stringify(name)}`);
			await print([manualPage(command)]);
		});
}

/** roff, by the macros of man(7). Without a date: the same program has the same page. */
export function manualPage(command: Command): string {
	const help = command.createHelp();
	const title = [command.parent?.name(), command.name()].filter((name) => name !== undefined).join("-");
	const terms = (heading: string, items: readonly (readonly [term: string, text: string])[]) =>
		items.length === 0
			? []
			: [
					`.SH ${heading}`,
					...items.flatMap(([term, text]) => [".TP", `.B ${roff(term)}`, lines(text).join("\n.br\n")]),
				];
	const pages = command.parent
		? [command.parent.name()]
		: command.commands.map((one) => `${title}-${one.name()}`);
	return [
		`.TH ${title.toUpperCase()} 1 "" composefs "User Commands"`,
		".SH NAME",
		`${roff(title)} \\- ${roff(command.description())}`,
		".SH SYNOPSIS",
		`.B ${roff(help.commandUsage(command))}`,
		...terms(
			"COMMANDS",
			help.visibleCommands(command).map((one) => [help.subcommandTerm(one), help.subcommandDescription(one)]),
		),
		...terms(
			"ARGUMENTS",
			help.visibleArguments(command).map((one) => [help.argumentTerm(one), help.argumentDescription(one)]),
		),
		...terms(
			"OPTIONS",
			help.visibleOptions(command).map((one) => [help.optionTerm(one), help.optionDescription(one)]),
		),
		...behindHelp(command).flatMap(([heading, text]) => [
			`.SH ${roff(heading)}`,
			".nf",
			...lines(text),
			".fi",
		]),
		".SH EXIT STATUS",
		...lines(command.name() === "diff" ? DIFF_STATUS : EXIT_STATUS),
		".SH SEE ALSO",
		pages.map((page) => `.BR ${roff(page)} (1)`).join(",\n"),
		"",
	].join("\n");
}

const DIFF_STATUS = "0: nothing differs. 1: something does. 2: trouble, as for diff(1). 130: interrupted.";
const EXIT_STATUS = `0: success. 1: failure. 2: wrong usage.
3: a digest, blob, seal or object is not what it should be. 130: interrupted.`;

/** The texts behind a command's help: each begins with its heading in a line of its own. */
function behindHelp(command: Command): [heading: string, text: string][] {
	let whole = "";
	const output = command.configureOutput();
	command.configureOutput({
		...output,
		writeOut: (text) => {
			whole += text;
		},
	});
	command.outputHelp();
	command.configureOutput(output);
	const text = whole.slice(command.helpInformation().length);
	const sections = text.split(/^(\S.*):$/m).slice(1);
	return Array.from({ length: Math.floor(sections.length / 2) }, (_, index) => [
		(sections[2 * index] ?? "").toUpperCase(),
		(sections[2 * index + 1] ?? "").replace(/^\n+|\n+$/g, ""),
	]);
}

function lines(text: string): string[] {
	return text.split("\n").map(roff);
}

/** Text as it is: neither a backslash or dash nor a dot at the beginning of a line means something. */
function roff(text: string): string {
	const plain = text
		.replaceAll("\\", "\\e")
		.replaceAll("-", "\\-")
		.replaceAll(/[^\n -~]/gu, (character) => `\\[u${hex(character)}]`);
	return /^[.']/.test(plain) ? `\\&${plain}` : plain;
}

function hex(character: string): string {
	return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
}
