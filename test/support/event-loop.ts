/** How long work holds up the event loop. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";

/** The longest time that a timer had to wait, in milliseconds. */
export async function measureStall(work: () => Promise<unknown>): Promise<number> {
	const delays = monitorEventLoopDelay({ resolution: 1 });
	delays.enable();
	await pause(20);
	delays.reset();
	await work();
	await pause(2);
	delays.disable();
	return delays.max / 1e6;
}
