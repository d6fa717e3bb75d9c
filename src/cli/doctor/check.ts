/** One thing that is looked at, and what came of it. */
export interface Check {
	readonly name: string;
	/** `missing`: something does not work without it; `limited`: it works less well; `unknown`: cannot be told here. */
	readonly status: "ok" | "limited" | "missing" | "unknown";
	/** What was found. */
	readonly found: string;
	/** What to do about it, or what does without it. */
	readonly advice?: string;
}
