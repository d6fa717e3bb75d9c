/** Whether work gives way to the event loop: told by counting, since how long it takes is the machine's affair. */

/** How often the event loop came round while the work was done: 1 or so, if it was done all at once. */
export async function countTurns(work: () => Promise<unknown>): Promise<number> {
	let turns = 0;
	let pending = setImmediate(function turn() {
		turns++;
		pending = setImmediate(turn);
	});
	try {
		await work();
	} finally {
		clearImmediate(pending);
	}
	return turns;
}
