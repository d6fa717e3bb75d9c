/** Where headers of answers lead. */

/** What a header names, relative to the answer's own place; undefined if that is none, or has a user or password in it. */
export function resolveLocation(location: string, from: URL): URL | undefined {
	const target = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
	return target?.username === "" && target.password === "" ? target : undefined;
}
