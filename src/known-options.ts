/** For calls where a misspelt option would leave something unprotected that the caller thinks is protected. */
import { argumentError } from "./errors.ts";

/** All names that an interface of options has. */
export type OptionNames<Options> = Readonly<Record<keyof Required<Options>, true>>;

/**
 * @param names   an object with all names that there are
 * @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT`, rule `option`, for an option of another name, or what is no object
 */
export function refuseUnknown(options: object, names: object, what = "option"): void {
	if (typeof options !== "object" || options === null)
		throw argumentError(`${what}s come in an object`, { rule: "option" });
	const unknown = Object.keys(options).find((name) => !Object.hasOwn(names, name));
	if (unknown === undefined) return;
	const text = `there is no ${what} ${unknown}; there are ${Object.keys(names).join(", ")}`;
	throw argumentError(text, { rule: "option" });
}
