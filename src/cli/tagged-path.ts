/** A folder or file, and a tag behind it. */
import { existsSync } from "node:fs";

/** `FOLDER[:TAG]`. Names may have colons in them: the longest that is there is meant. */
export function splitTaggedPath(text: string): { readonly path: string; readonly tag: string | undefined } {
	for (let end = text.length; end > 0; end = text.lastIndexOf(":", end - 1))
		if (existsSync(text.slice(0, end)))
			return { path: text.slice(0, end), tag: end === text.length ? undefined : text.slice(end + 1) };
	// It is not there, which whoever opens it says.
	const [path = text, ...tag] = text.split(":");
	return { path, tag: tag.length === 0 ? undefined : tag.join(":") };
}
