/** How containers of an image run: what its config says of that, changed. */
import { argumentError, type ComposefsError } from "../errors.ts";
import { ociError } from "./fault.ts";

/**
 * Changes to how containers run. What is given replaces what the base has, and null takes it away; of `env` and `labels`
 * this is so for each name.
 */
export interface ContainerConfig {
	/** Takes the base's `cmd` away, which would become its arguments, unless there is one here. */
	readonly entrypoint?: readonly string[] | null | undefined;
	readonly cmd?: readonly string[] | null | undefined;
	readonly env?: Readonly<Record<string, string | null>> | null | undefined;
	/** A name or number, also with a group: `user:group` */
	readonly user?: string | null | undefined;
	readonly workingDir?: string | null | undefined;
	readonly labels?: Readonly<Record<string, string | null>> | null | undefined;
	/** Such as `80/tcp`. */
	readonly exposedPorts?: readonly string[] | null | undefined;
	readonly volumes?: readonly string[] | null | undefined;
	readonly stopSignal?: string | null | undefined;
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** What a change becomes in the document. `before`: what it has there, by the form that the image specification wants. */
type Form = (value: unknown, before: unknown, where: string) => unknown;

/** In this order, whatever that of the changes is: equal ones give equal documents. */
const FORMS: ReadonlyMap<string, { readonly key: string; readonly form: Form }> = new Map([
	["user", { key: "User", form: textOf }],
	["exposedPorts", { key: "ExposedPorts", form: setOf }],
	["env", { key: "Env", form: envOf }],
	["entrypoint", { key: "Entrypoint", form: listOf }],
	["cmd", { key: "Cmd", form: listOf }],
	["volumes", { key: "Volumes", form: setOf }],
	["workingDir", { key: "WorkingDir", form: textOf }],
	["labels", { key: "Labels", form: labelsOf }],
	["stopSignal", { key: "StopSignal", form: textOf }],
]);

/**
 * The `config` of an image's config, changed; keys that are not known here stay.
 *
 * @param before   undefined or null: there was none
 * @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT`, rule `config`, for changes; `ERR_COMPOSEFS_OCI`, rule `document`, where
 *   what is there has another form
 */
export function changeConfig(before: unknown, changes: ContainerConfig): JsonObject {
	checkNames(changes);
	const config: Record<string, unknown> = { ...objectOf(before, "config") };
	if (changes.entrypoint !== undefined) delete config.Cmd;
	for (const [name, { key, form }] of FORMS) {
		const value = changes[name as keyof ContainerConfig];
		if (value === undefined) continue;
		if (value === null) delete config[key];
		else config[key] = form(value, config[key], `config.${name}`);
	}
	return config;
}

function checkNames(changes: ContainerConfig): void {
	if (!isRecord(changes)) throw wrong("config", "is no object");
	const unknown = Object.keys(changes).find((name) => !FORMS.has(name));
	if (unknown === undefined) return;
	throw wrong(`config.${unknown}`, `is none of ${[...FORMS.keys()].join(", ")}`);
}

function textOf(value: unknown, _before: unknown, where: string): string {
	if (typeof value !== "string") throw wrong(where, "is no text");
	if (value.includes("\0") || !value.isWellFormed()) throw wrong(where, "has NUL or half a character in it");
	return value;
}

function listOf(value: unknown, _before: unknown, where: string): string[] {
	if (!Array.isArray(value)) throw wrong(where, "is no array of texts");
	return value.map((text, at) => textOf(text, undefined, `${where}[${at}]`));
}

/** As Go has sets: an object of empty objects. */
function setOf(value: unknown, _before: unknown, where: string): object {
	return Object.fromEntries(
		listOf(value, undefined, where)
			.sort()
			.map((text) => [text, {}]),
	);
}

/** Texts `NAME=VALUE`: those of the base in their places, new ones behind them. */
function envOf(value: unknown, before: unknown, where: string): string[] {
	const found: unknown = before ?? [];
	if (!Array.isArray(found) || found.some((text) => typeof text !== "string"))
		throw ociError("document", "config.Env is no array of texts");
	const env = new Map<string, string>(found.map((text: string) => [text.split("=", 1)[0] as string, text]));
	for (const [name, text] of entriesOf(value, where)) {
		if (name === "" || name.includes("="))
			throw wrong(where, `${JSON.stringify(name)} is no name of a variable`);
		if (text === null) env.delete(name);
		else env.set(name, `${name}=${text}`);
	}
	return [...env.values()];
}

/** In the order of their names, as Go writes maps. */
function labelsOf(value: unknown, before: unknown, where: string): object {
	const labels = new Map(Object.entries(objectOf(before, "config.Labels")));
	for (const [name, text] of entriesOf(value, where)) {
		if (text === null) labels.delete(name);
		else labels.set(name, text);
	}
	return Object.fromEntries([...labels].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function entriesOf(value: unknown, where: string): [string, string | null][] {
	if (!isRecord(value)) throw wrong(where, "is no object of texts");
	return Object.entries(value).map(([name, text]) => {
		const at = `${where}[${JSON.stringify(name)}]`;
		return [textOf(name, undefined, where), text === null ? null : textOf(text, undefined, at)];
	});
}

/** Not what has entries of its own, which would seem to be empty. */
function isRecord(value: unknown): value is object {
	return typeof value === "object" && value !== null && !(Symbol.iterator in value);
}

/** An object of a document; Go writes null for none. */
function objectOf(value: unknown, where: string): JsonObject {
	if (value === undefined || value === null) return {};
	if (typeof value !== "object" || Array.isArray(value)) throw ociError("document", `${where} is no object`);
	return value as JsonObject;
}

function wrong(where: string, problem: string): ComposefsError {
	return argumentError(`${where}: ${problem}`, { rule: "config" });
}
