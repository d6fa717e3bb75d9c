/** `composefs verify`: are images what they should be? Ends with 3 if one is not. */
import { Command } from "commander";
import { ComposefsError } from "../errors.ts";
import { verifyImage } from "../image/index.ts";
import { asUsage, EXIT, endWith, interruptible } from "./exit.ts";
import { examples } from "./options.ts";
import { colour, print, printJson } from "./print.ts";
import { unreadable } from "./read-each.ts";

interface Verdict {
	readonly image: string;
	readonly ok: boolean;
	readonly actual?: string | undefined;
	/** Why nobody knows. */
	readonly error?: string;
}

export function verifyCommand(): Command {
	return new Command("verify")
		.description("check that images have this fs-verity digest")
		.argument("<digest>", "64 hexadecimal digits")
		.argument("<image...>")
		.option("--json", "print JSON")
		.addHelpText("after", examples("composefs verify 7429a606…e991 rootfs.cfs && mount …"))
		.action(verify);
}

async function verify(digest: string, images: string[], options: { readonly json?: true }): Promise<void> {
	const verdicts = await interruptible(async (signal) => {
		const all: Verdict[] = [];
		for (const image of images) all.push(await verdictOn(image, digest, signal));
		return all;
	}).catch((error) => {
		throw asUsage(error);
	});
	await endWith(statusOf(verdicts), () =>
		options.json
			? printJson(verdicts)
			: print(verdicts.filter(({ error }) => error === undefined).map(format)),
	);
}

/** An image that is not what it should be counts more than one that cannot be read. */
function statusOf(verdicts: readonly Verdict[]): number {
	const failed = verdicts.filter(({ ok }) => !ok);
	if (failed.length === 0) return EXIT.success;
	return failed.some(({ error }) => error === undefined) ? EXIT.verificationFailed : EXIT.failure;
}

async function verdictOn(image: string, digest: string, signal: AbortSignal): Promise<Verdict> {
	try {
		await verifyImage(image, digest, { signal });
		return { image, ok: true, actual: digest };
	} catch (error) {
		if (!(error instanceof ComposefsError) || error.code === "ERR_COMPOSEFS_ARGUMENT") throw error;
		if (error.code === "ERR_COMPOSEFS_DIGEST") return { image, ok: false, actual: error.actual as string };
		return { image, ok: false, ...unreadable(error) };
	}
}

function format({ image, ok, actual }: Verdict): string {
	if (ok) return `${image}: ${colour("green", "OK")}\n`;
	return `${image}: ${colour("red", "FAILED")}, its digest is ${actual}\n`;
}
