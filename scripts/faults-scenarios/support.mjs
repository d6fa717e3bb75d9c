// What the scenarios share.
import { open } from "node:fs/promises";

/** What must not come of any fault. */
export class Wrong extends Error {}

/** In files, before what is let fail writes to them. */
export const OLD = Buffer.from("what was there");

/** Names of objects in a store. */
export const OBJECT = /^[0-9a-f]{2}\/[0-9a-f]{62}$/;

/** More than calls that are interrupted one after another. */
const ATTEMPTS = 5;

export async function withFile(name, mode, action) {
	const file = await open(name, mode);
	try {
		await action(file);
	} finally {
		await file.close();
	}
}

export function equals(expected, found) {
	if (found !== expected) throw new Wrong(`${found}, not ${expected}`);
}

/** Does it again where it fails: nothing of a failure may stay. Throws the first one. */
export async function retried(action) {
	let failure;
	let result;
	for (let attempt = 1; ; attempt++)
		try {
			result = await action(attempt);
			break;
		} catch (error) {
			if (error instanceof Wrong) throw error;
			failure ??= error;
			if (attempt === ATTEMPTS) throw new Wrong(`${failure.message}, and ever again: ${error.message}`);
		}
	if (failure !== undefined) throw failure;
	return result;
}
