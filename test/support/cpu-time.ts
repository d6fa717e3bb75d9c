/** How much work something is: told by the processor's clock, since how long it takes is the machine's affair. */

/** Milliseconds of processor time that this process spends while the work is done. */
export async function cpuTimeOf(work: () => unknown): Promise<number> {
	const begin = process.cpuUsage();
	await work();
	const { user, system } = process.cpuUsage(begin);
	return (user + system) / 1000;
}
