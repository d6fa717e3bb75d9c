/** Errors of OCI data: all name the rule that was broken. */
import { ComposefsError, type ComposefsErrorDetails } from "../errors.ts";

export function ociError(
	rule: string,
	message: string,
	details: Omit<ComposefsErrorDetails, "rule"> = {},
): ComposefsError {
	return new ComposefsError("ERR_COMPOSEFS_OCI", message, { rule, ...details });
}
