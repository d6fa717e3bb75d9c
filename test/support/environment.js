import { AsyncLocalStorage } from "node:async_hooks";
import { TestEnvironment } from "jest-environment-node";

/** Those that were entered since the last test file ended: jest-circus has a new one for each. */
const entered = new Set();

const { run } = AsyncLocalStorage.prototype;
AsyncLocalStorage.prototype.run = function (...args) {
	entered.add(this);
	return run.apply(this, args);
};

/**
 * Jest's own, which also lets go of a test file's AsyncLocalStorage. Until a release of node has AsyncContextFrame, each
 * that was ever entered gives every promise of the process another property: after a hundred files, code that
 * awaits much took ten times as long.
 */
export default class Environment extends TestEnvironment {
	async teardown() {
		for (const storage of entered) storage.disable();
		entered.clear();
		await super.teardown();
	}
}
