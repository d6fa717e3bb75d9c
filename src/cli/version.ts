/** What this is, and what is in it. */
import { ComposefsError } from "../errors.ts";
import { type NativeVersions, native } from "../native.ts";

/** What the addon was linked with; the error, where there is none that loads. */
export function libraryVersions(): NativeVersions | ComposefsError {
	try {
		return native().versions;
	} catch (error) {
		if (error instanceof ComposefsError) return error;
		throw error;
	}
}

/** The package's version, and in a line each what it runs on and what is in it. */
export function describeVersions(version: string): string {
	const found = libraryVersions();
	const libraries =
		found instanceof ComposefsError
			? ["no addon"]
			: [`libcomposefs ${found.libcomposefs} (${linkInWords(found)})`, `libzstd ${found.libzstd}`];
	return [version, ...libraries, `node ${process.version} ${process.platform}-${process.arch}`].join("\n");
}

export function linkInWords({ link }: NativeVersions): string {
	return { tuned: "static, with its own allocator", static: "static", shared: "shared" }[link];
}
