// What the scenarios share.
import { open } from "node:fs/promises";

/** What must not come of any fault. */
export class Wrong extends Error {}

export async function withFile(name, mode, action) {
	const file = await open(name, mode);
	try {
		await action(file);
	} finally {
		await file.close();
	}
}
