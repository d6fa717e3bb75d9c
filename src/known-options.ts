/** For calls where a misspelt option would leave something unprotected that the caller thinks is protected. */
import { argumentError } from "./errors.ts";

/** All names that an interface of options has. */
export type OptionNames<Options> = Readonly<Record<keyof Required<Options>, true>>;

/** @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT`, rule `option`, for an option of another name */
export function refuseUnknown(options: object, names: Readonly<Record<string, true>>): void {
	const unknown = Object.keys(options).find((name) => !Object.hasOwn(names, name));
	if (unknown === undefined) return;
	const text = `there is no option ${unknown}; there are ${Object.keys(names).join(", ")}`;
	throw argumentError(text, { rule: "option" });
}
