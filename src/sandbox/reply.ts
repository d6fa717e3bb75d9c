/** Frames of a worker, which may have been taken over: each field is looked at before it is used. */
import { ComposefsError, type ComposefsErrorDetails } from "../errors.ts";
import { junk } from "./fault.ts";
import type { SandboxSettings } from "./options.ts";

/** What the kernel enforces on every worker of a sandbox. */
export interface Enforced {
	/** No system calls but those on open descriptors, memory and threads. */
	readonly seccomp: boolean;
	/** Version of Landlock's interface, all of whose rights are taken away; 0 if the kernel has none. */
	readonly landlock: number;
	/** No program that it could start would get more rights. */
	readonly noNewPrivs: boolean;
}

export interface Ready extends Enforced {
	/** Why there is no seccomp: an error number, or 0. */
	readonly seccompError: number;
}

export type Reply =
	| { readonly id: number; readonly parts: readonly number[] }
	| { readonly id: number; readonly error: ComposefsError };

type Fields = { readonly [name: string]: unknown };

export function readReady(frame: unknown): Ready {
	const { seccomp, landlock, noNewPrivs, seccompError } = fieldsOf(frame);
	if (typeof seccomp !== "boolean" || typeof noNewPrivs !== "boolean")
		throw junk("no report of what is enforced");
	return { seccomp, noNewPrivs, landlock: count(landlock), seccompError: count(seccompError) };
}

/** @throws ComposefsError `ERR_COMPOSEFS_UNSUPPORTED` if that is less than is required */
export function checkEnforced(ready: Ready, { require }: SandboxSettings): void {
	for (const layer of require)
		if (!ready[layer]) {
			const why = layer === "seccomp" ? ` (error ${ready.seccompError})` : "";
			const text = `this kernel does not enforce ${layer}${why}, which the sandbox requires`;
			throw new ComposefsError("ERR_COMPOSEFS_UNSUPPORTED", text, { rule: layer });
		}
}

export function readReply(frame: unknown): Reply {
	const fields = fieldsOf(frame);
	const id = count(fields.id);
	if (fields.error !== undefined) return { id, error: readError(fieldsOf(fields.error)) };
	if (!Array.isArray(fields.parts) || fields.parts.length > MAX_PARTS)
		throw junk("a reply without its parts");
	return { id, parts: fields.parts.map(count) };
}

const MAX_PARTS = 8;
const MAX_TEXT = 1 << 14;
const SYSTEM_CODE = /^E[A-Z0-9]{1,31}$/;
const OWN_CODE = /^ERR_COMPOSEFS_[A-Z_]{1,31}$/;
const TEXTS = ["rule", "path", "field", "syscall", "expected"] as const;
const NUMBERS = ["limit", "offset", "line", "errno"] as const;

/** An error as the same call in this process would have made it; its words are the worker's. */
function readError(fields: Fields): ComposefsError {
	const { code, message, actual } = fields;
	if (typeof code !== "string" || !(SYSTEM_CODE.test(code) || OWN_CODE.test(code)))
		throw junk("an unknown error");
	// All else that a sandbox has rules for is found out on this side.
	if (code === "ERR_COMPOSEFS_SANDBOX" && fields.rule !== "crash") throw junk("a verdict on itself");
	const details: Record<string, unknown> = {};
	for (const name of TEXTS) if (isThere(fields[name])) details[name] = text(fields[name]);
	for (const name of NUMBERS) if (isThere(fields[name])) details[name] = finite(fields[name]);
	if (isThere(actual)) details.actual = typeof actual === "string" ? text(actual) : finite(actual);
	return new ComposefsError(code, text(message), details as ComposefsErrorDetails);
}

/** What is not a number that JSON has comes as null. */
function isThere(value: unknown): boolean {
	return value !== undefined && value !== null;
}

function fieldsOf(value: unknown): Fields {
	if (typeof value !== "object" || value === null || Array.isArray(value))
		throw junk("a frame of another kind");
	return value as Fields;
}

function count(value: unknown): number {
	if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
	throw junk("a number that is none");
}

function finite(value: unknown): number {
	if (typeof value === "number" && Number.isFinite(value)) return value;
	throw junk("a number that is none");
}

function text(value: unknown): string {
	if (typeof value === "string" && value.length <= MAX_TEXT) return value;
	throw junk("a text that is none");
}
