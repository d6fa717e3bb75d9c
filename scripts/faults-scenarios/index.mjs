// What faults.mjs lets fail, by themes.
import { digestScenarios } from "./digests.mjs";
import { imageScenarios } from "./images.mjs";
import { mountScenarios } from "./mounts.mjs";
import { objectScenarios } from "./objects.mjs";
import { sandboxScenarios } from "./sandboxes.mjs";
import { storeScenarios } from "./store.mjs";
import { zstdScenarios } from "./zstd.mjs";

export { Wrong } from "./support.mjs";

/**
 * By name: `prepare` before each fault; `run`, which throws `Wrong` for a wrong result; `after`, told whether it was done;
 * `codes` of errors that may come besides that of the fault. Where `isElsewhere`, `run` is told the fault, lets it come
 * in another process, `fired` says how often it did, and `called` what was called. `isShort`: quick runs leave nothing
 * out; `isLong`: they leave it out.
 */
export async function* scenarios(folder, files) {
	yield* Object.entries(await imageScenarios(folder, files));
	yield* Object.entries(await storeScenarios(folder));
	yield* Object.entries(await objectScenarios(folder));
	yield* Object.entries(await digestScenarios(folder));
	yield* Object.entries(await zstdScenarios(folder));
	yield* Object.entries(await sandboxScenarios());
	if (process.env.FAULTS_MOUNT) yield* Object.entries(await mountScenarios(folder));
}
