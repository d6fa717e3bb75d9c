/** The text behind `mount -o`: mount.composefs's options, and a way to have any path in them. */
import type { MountOptions } from "../mount/index.ts";
import { UsageError } from "./exit.ts";

export type MountFlags = Omit<MountOptions, "signal" | "imageMount">;

const WITH_PATH: readonly string[] = ["digest", "upperdir", "workdir", "idmap"];
const WITHOUT_VALUE: Readonly<Record<string, Partial<MountFlags>>> = {
	verity: { verity: "require" },
	tryverity: { verity: "try" },
	ro: { readOnly: true },
	rw: { readOnly: false },
};

/**
 * Options stand between commas, folders of `basedir` between colons; a backslash takes the special meaning from
 * the comma, colon or backslash behind it. A further `basedir` adds folders, a further one of the others replaces.
 *
 * @throws UsageError
 */
export function parseMountOptions(texts: readonly string[]): MountFlags {
	const flags: MountFlags = { objects: [] };
	for (const option of texts.flatMap((text) => splitUnescaped(text, ",")))
		Object.assign(flags, parseOption(option, flags));
	if (flags.objects.includes("")) throw new UsageError("a folder of basedir has no name");
	return flags;
}

function parseOption(option: string, { objects }: MountFlags): Partial<MountFlags> {
	const [, name = option, value] = /^([^=]*)=(.*)$/s.exec(option) ?? [];
	const flag = Object.hasOwn(WITHOUT_VALUE, name) ? WITHOUT_VALUE[name] : undefined;
	if (flag !== undefined) {
		if (value !== undefined) throw new UsageError(`the mount option ${name} takes no value`);
		return flag;
	}
	if (name !== "basedir" && !WITH_PATH.includes(name))
		throw new UsageError(`unknown mount option ${JSON.stringify(option)}`);
	if (value === undefined || value === "") throw new UsageError(`the mount option ${name} needs a value`);
	if (name === "basedir") return { objects: [...objects, ...splitUnescaped(value, ":").map(unescaped)] };
	return { [name]: unescaped(value) };
}

/** Pieces between separators, with their escapes still in them. */
function splitUnescaped(text: string, separator: "," | ":"): string[] {
	const pieces: string[] = [];
	let start = 0;
	for (let at = 0; at < text.length; at++) {
		if (text[at] === "\\") at++;
		else if (text[at] === separator) {
			pieces.push(text.slice(start, at));
			start = at + 1;
		}
	}
	pieces.push(text.slice(start));
	return pieces;
}

/** Before any other character a backslash is one. */
function unescaped(text: string): string {
	return text.replaceAll(/\\([\\,:])/g, "$1");
}
