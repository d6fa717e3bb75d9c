/** Arguments that are lists, and what callers without types give in their place. */
import { isIterable } from "./abortable.ts";
import { argumentError } from "./errors.ts";

/** @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT` */
export function checkIsArray(list: readonly unknown[], what: string): void {
	if (!Array.isArray(list)) throw argumentError(`${what} come in an array`);
}

/**
 * Text and bytes can be iterated too, but are no lists of what is wanted here.
 *
 * @throws ComposefsError `ERR_COMPOSEFS_ARGUMENT`
 */
export function checkIsIterable(list: Iterable<unknown> | AsyncIterable<unknown>, what: string): void {
	if (isIterable(list) && !(list instanceof Uint8Array)) return;
	throw argumentError(`${what} come in an array or another iterable`);
}
