/** `composefs completion`: what a shell completes, from the same commands and options as the help. */
import { Argument, Command } from "commander";
import { examples } from "./options.ts";
import { print } from "./print.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

export function completionCommand(): Command {
	return new Command("completion")
		.description("print a script that completes this command line in a shell")
		.addArgument(new Argument("<shell>").choices(SHELLS))
		.addHelpText(
			"after",
			examples(
				"composefs completion bash > ~/.local/share/bash-completion/completions/composefs",
				"composefs completion zsh > ~/.zfunc/_composefs       (a folder of $fpath)",
				"composefs completion fish > ~/.config/fish/completions/composefs.fish",
			),
		)
		.action(async (shell: Shell, _options: unknown, command: Command) => {
			await print([completionScript(shell, command.parent ?? command)]);
		});
}

export function completionScript(shell: Shell, program: Command): string {
	const commands = describeCommands(program);
	return { bash, zsh, fish }[shell](program.name(), commands);
}

/** Commands whose argument is the name of another. */
const TAKES_COMMANDS = new Set(["help", "manual"]);

interface CompletedOption {
	readonly short: string | undefined;
	readonly long: string | undefined;
	readonly description: string;
	readonly takesValue: boolean;
	/** Values that there are; empty: files. */
	readonly choices: readonly string[];
}

interface CompletedCommand {
	readonly name: string;
	readonly description: string;
	readonly options: readonly CompletedOption[];
	/** Words that its first argument may be; empty: files. */
	readonly choices: readonly string[];
}

function describeCommands(program: Command): CompletedCommand[] {
	const help = program.createHelp();
	return help.visibleCommands(program).map((command) => ({
		name: command.name(),
		description: command.description(),
		options: help.visibleOptions(command).map((option) => ({
			short: option.short,
			long: option.long,
			description: option.description,
			takesValue: option.required || option.optional,
			choices: option.argChoices ?? [],
		})),
		choices: TAKES_COMMANDS.has(command.name())
			? program.commands.map((other) => other.name())
			: (command.registeredArguments[0]?.argChoices ?? []),
	}));
}

const flagsOf = ({ short, long }: CompletedOption) => [short, long].filter((flag) => flag !== undefined);

function bash(name: string, commands: readonly CompletedCommand[]): string {
	const cases = commands.flatMap(({ name: command, options, choices }) => {
		const values = options
			.filter((option) => option.choices.length > 0)
			.map(
				(option) =>
					`\t\t${flagsOf(option)
						.map((flag) => `"${command} ${flag}"`)
						.join("|")}) words="${option.choices.join(" ")}" ;;\n`,
			);
		const files = options
			.filter((option) => option.takesValue && option.choices.length === 0)
			.flatMap(flagsOf)
			.map((flag) => `"${command} ${flag}"`);
		const others = files.length > 0 ? [`\t\t${files.join("|")}) return ;;\n`] : [];
		const flags = options.flatMap(flagsOf).join(" ");
		return [...values, ...others, `\t\t"${command} "*) flags="${flags}" words="${choices.join(" ")}" ;;\n`];
	});
	return `# bash completion of ${name}
_${name}() {
	local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} words= flags=
	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		COMPREPLY=($(compgen -W "${commands.map((command) => command.name).join(" ")} --help --version" -- "$current"))
		return
	fi
	case "\${COMP_WORDS[1]} $previous" in
${cases.join("")}	esac
	# With nothing to offer, bash completes files.
	case "$current" in -*) words=\${flags:-$words} ;; esac
	COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _${name} ${name}
`;
}

function zsh(name: string, commands: readonly CompletedCommand[]): string {
	const listed = commands.map(
		({ name: command, description }) => `\t\t${quoted(`${command}:${description}`)}\n`,
	);
	const cases = commands.map(({ name: command, options, choices }) => {
		const specs = options.flatMap((option) =>
			flagsOf(option).map((flag) => quoted(`*${flag}[${escaped(option.description)}]${zshValue(option)}`)),
		);
		const rest = choices.length > 0 ? `*:word:(${choices.join(" ")})` : "*:file:_files";
		return `\t\t${command}) _arguments ${[...specs, quoted(rest)].join(" ")} ;;\n`;
	});
	return `#compdef ${name}
_${name}() {
	local -a commands
	commands=(
${listed.join("")}	)
	if (( CURRENT == 2 )); then
		_describe command commands
		return
	fi
	shift words
	(( CURRENT-- ))
	case $words[1] in
${cases.join("")}	esac
}
# Sourced, it tells the shell; as a file of $fpath, it is the function.
if [ "$funcstack[1]" = "_${name}" ]; then _${name} "$@"; else compdef _${name} ${name}; fi
`;
}

function zshValue({ takesValue, choices }: CompletedOption): string {
	if (!takesValue) return "";
	return choices.length > 0 ? `:value:(${choices.join(" ")})` : ":value:_files";
}

/** In the brackets of a specification of _arguments. */
function escaped(text: string): string {
	return text.replaceAll(/[[\]:\\]/g, "\\$&").replaceAll("\n", " ");
}

function quoted(text: string): string {
	return `'${text.replaceAll("'", "'\\''")}'`;
}

function fish(name: string, commands: readonly CompletedCommand[]): string {
	const lines = [`# fish completion of ${name}\n`];
	for (const { name: command, description, options, choices } of commands) {
		lines.push(
			`complete -c ${name} -n __fish_use_subcommand -f -a ${command} -d ${fishQuoted(description)}\n`,
		);
		const where = `complete -c ${name} -n '__fish_seen_subcommand_from ${command}'`;
		if (choices.length > 0) lines.push(`${where} -f -a ${fishQuoted(choices.join(" "))}\n`);
		for (const option of options) lines.push(`${where}${fishOption(option)}\n`);
	}
	return lines.join("");
}

function fishOption({ short, long, description, takesValue, choices }: CompletedOption): string {
	const flags = `${short ? ` -s ${short.slice(1)}` : ""}${long ? ` -l ${long.slice(2)}` : ""}`;
	const values = choices.length > 0 ? ` -f -a ${fishQuoted(choices.join(" "))}` : "";
	return `${flags}${takesValue ? " -r" : ""}${values} -d ${fishQuoted(description.replaceAll("\n", " "))}`;
}

function fishQuoted(text: string): string {
	return `'${text.replaceAll(/['\\]/g, "\\$&")}'`;
}
