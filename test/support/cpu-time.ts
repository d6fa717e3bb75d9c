/** How much work something is: told by the processor's clock, since how long it takes is the machine's affair. */

/**
 * What tells work in proportion to the input from work in its square, and is no test of speed: tests take inputs of
 * which the first needs a few tenths of a second, and the second minutes.
 */
export const FAR_TOO_MUCH_MS = 10_000;

/** Milliseconds of processor time that this process spends while the work is done. */
export async function cpuTimeOf(work: () => unknown): Promise<number> {
	const begin = process.cpuUsage();
	await work();
	const { user, system } = process.cpuUsage(begin);
	return (user + system) / 1000;
}
