/** Names of images, as Docker writes them: `host[:port]/name[:tag][@digest]`. */
import { ComposefsError } from "../../errors.ts";
import { parseDigest } from "../digest.ts";

/** An image in a registry. With a digest, the tag only says what it was called. */
export interface ImageReference {
	/** Host and port of the registry; `docker.io` where the text names none. */
	readonly registry: string;
	/** The repository within it: `library/debian` */
	readonly repository: string;
	/** `latest` where the text has neither tag nor digest. */
	readonly tag?: string;
	/** `sha256:` and 64 digits, or `sha512:` and 128. */
	readonly digest?: string;
}

/** What a reference without a host means, and the folder that a name of one part is in. */
const DEFAULT_REGISTRY = "docker.io";
const DEFAULT_FOLDER = "library/";
const DEFAULT_TAG = "latest";
/** Another name of the default, in old references. */
const LEGACY_REGISTRY = "index.docker.io";

const LABEL = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const REGISTRY = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?$`);
const COMPONENT = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const REPOSITORY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
/** What a tag can be. */
export const TAG = /^[\w][\w.-]{0,127}$/;
const REPOSITORY_LIMIT = 255;
const TEXT_LIMIT = 1024;
const PORT_LIMIT = 65535;

/**
 * Reads a reference, with Docker's defaults: the first part is a host if it has a dot, a colon or a capital letter or
 * is `localhost`; otherwise the registry is `docker.io`, where names of one part are in `library/`.
 *
 * @throws ComposefsError ERR_COMPOSEFS_REFERENCE
 */
export function parseReference(text: string): ImageReference {
	if (typeof text !== "string" || text === "") throw referenceError(String(text), "empty", "names no image");
	if (text.length > TEXT_LIMIT) {
		const rule = `has ${text.length} characters, the limit is ${TEXT_LIMIT}`;
		throw referenceError(`${text.slice(0, 80)}…`, "reference-length", rule);
	}
	const [named, digest] = splitOnce(text, text.indexOf("@"));
	if (digest !== undefined) checkDigest(text, digest);
	const colon = named.lastIndexOf(":");
	const [name, tag] = splitOnce(named, colon > named.lastIndexOf("/") ? colon : -1);
	if (tag !== undefined) check(text, "tag", tag, TAG);
	return {
		...splitName(text, name),
		...(tag !== undefined ? { tag } : digest === undefined && { tag: DEFAULT_TAG }),
		...(digest !== undefined && { digest }),
	};
}

/** The reference in full: `parseReference` reads the same from it. */
export function formatReference({ registry, repository, tag, digest }: ImageReference): string {
	const name = `${registry}/${repository}`;
	return `${name}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

/** Whether a text is the host of a registry, with or without a port. */
export function isRegistry(text: string): boolean {
	return REGISTRY.test(text) && Number(/:(\d+)$/.exec(text)?.[1] ?? 1) <= PORT_LIMIT;
}

function splitName(text: string, name: string): { registry: string; repository: string } {
	const [first, rest] = splitOnce(name, name.indexOf("/"));
	const hasHost = rest !== undefined && (first === "localhost" || /[.:A-Z]/.test(first));
	const host = hasHost ? first : DEFAULT_REGISTRY;
	const registry = host === LEGACY_REGISTRY ? DEFAULT_REGISTRY : host;
	if (!isRegistry(registry)) {
		const hint = text.includes("://") ? "; a reference has no scheme" : "";
		throw referenceError(text, "registry", `${registry} is not the host of a registry${hint}`);
	}
	const path = hasHost ? rest : name;
	const repository = registry === DEFAULT_REGISTRY && !path.includes("/") ? DEFAULT_FOLDER + path : path;
	check(text, "repository", repository, REPOSITORY);
	if (repository.length > REPOSITORY_LIMIT) {
		const rule = `the repository has ${repository.length} characters, the limit is ${REPOSITORY_LIMIT}`;
		throw referenceError(text, "repository-length", rule);
	}
	// Docker reads such a name as the id of a local image.
	if (!hasHost && /^[0-9a-f]{64}$/.test(name))
		throw referenceError(text, "repository", "is an id, not a name");
	return { registry, repository };
}

function splitOnce(text: string, at: number): [string, string | undefined] {
	return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function check(text: string, rule: string, part: string, pattern: RegExp): void {
	if (!pattern.test(part)) throw referenceError(text, rule, `${JSON.stringify(part)} is no ${rule}`);
}

function checkDigest(text: string, digest: string): void {
	try {
		parseDigest(digest);
	} catch (error) {
		throw referenceError(text, "digest", (error as Error).message);
	}
}

function referenceError(text: string, rule: string, what: string): ComposefsError {
	return new ComposefsError("ERR_COMPOSEFS_REFERENCE", `${text || '""'}: ${what}`, { rule });
}
