/** `composefs doctor`: what works here, what is missing, and what to do about it. */
import { tmpdir } from "node:os";
import { Argument, Command } from "commander";
import { ComposefsError } from "../errors.ts";
import type { Check } from "./doctor/check.ts";
import { kernelChecks } from "./doctor/kernel.ts";
import { trials } from "./doctor/trials.ts";
import { EXIT, ExitStatus, interruptible } from "./exit.ts";
import { examples } from "./options.ts";
import { colour, print, printJson } from "./print.ts";
import { libraryVersions, linkInWords } from "./version.ts";

export function doctorCommand(): Command {
	return new Command("doctor")
		.description("report what works here, what is missing, and what to do about it")
		.addArgument(
			new Argument(
				"[folder]",
				"where stores and images are to be: files are written there for a test, and removed",
			).default(tmpdir(), "that of temporary files"),
		)
		.option("--json", "print JSON")
		.addHelpText("after", examples("composefs doctor /var/lib", "composefs doctor --json"))
		.action(doctor);
}

/** Ends with 1 if images cannot even be built. */
async function doctor(folder: string, { json }: { readonly json?: true }): Promise<void> {
	const checks = await interruptible((signal) => examine(folder, signal));
	if (json) await printJson(checks);
	else await print(checks.map(format));
	const builds = checks.every(
		({ name, status }) => status !== "missing" || !["addon", "writing"].includes(name),
	);
	if (!builds) throw new ExitStatus(EXIT.failure);
}

async function examine(folder: string, signal: AbortSignal): Promise<Check[]> {
	const addon = addonChecks();
	const kernel = await kernelChecks();
	const privileged = kernel.some(({ name, status }) => name === "privileges" && status === "ok");
	const loads = addon.every(({ status }) => status === "ok");
	return [runtimeCheck(), ...addon, ...kernel, ...(loads ? await trials(folder, privileged, signal) : [])];
}

function runtimeCheck(): Check {
	const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
	const glibc = report?.header?.glibcVersionRuntime;
	const libc = glibc === undefined ? "" : `, glibc ${glibc}`;
	return {
		name: "runtime",
		status: "ok",
		found: `node ${process.version}, ${process.platform}-${process.arch}${libc}`,
	};
}

function addonChecks(): Check[] {
	const versions = libraryVersions();
	if (versions instanceof ComposefsError)
		return [
			{ name: "addon", status: "missing", found: versions.message, advice: "trees and dumps work without" },
		];
	return [
		{ name: "addon", status: "ok", found: "loads" },
		{ name: "libcomposefs", status: "ok", found: `${versions.libcomposefs}, ${linkInWords(versions)}` },
		{ name: "libzstd", status: "ok", found: versions.libzstd },
	];
}

const COLOURS = { ok: "green", limited: "yellow", missing: "red", unknown: "yellow" } as const;
const INDENT = " ".repeat(27);

function format({ name, status, found, advice }: Check): string {
	const first = `${colour(COLOURS[status], status.padEnd(8))} ${name.padEnd(17)} ${found}\n`;
	return advice === undefined ? first : `${first}${INDENT}→ ${advice}\n`;
}
