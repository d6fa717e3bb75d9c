// What faults.mjs lets fail, by themes.
import { imageScenarios } from "./images.mjs";
import { mountScenarios } from "./mounts.mjs";
import { storeScenarios } from "./store.mjs";

export { Wrong } from "./support.mjs";

/**
 * By name: `prepare` before each fault; `run`, which throws `Wrong` for a wrong result; `after`, told whether it was done;
 * `codes` of errors that may come besides that of the fault.
 */
export async function scenarios(folder, files) {
	return {
		...(await imageScenarios(folder, files)),
		...(await storeScenarios(folder)),
		...(process.env.FAULTS_MOUNT ? await mountScenarios(folder) : {}),
	};
}
