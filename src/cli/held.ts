/** What a command holds to its end. */

/**
 * Stores that are open until the image that needs their objects has its name: `gc` takes what no image has, and waits for
 * nobody but who is writing.
 */
export class Held implements AsyncDisposable {
	readonly #all: AsyncDisposable[] = [];

	/** Takes something that is to be let go with the others, the last one first. */
	readonly hold = <T extends AsyncDisposable>(it: T): T => {
		this.#all.push(it);
		return it;
	};

	/** Throws the first error, when all have been let go. */
	async [Symbol.asyncDispose](): Promise<void> {
		const failures: unknown[] = [];
		for (let it = this.#all.pop(); it !== undefined; it = this.#all.pop())
			try {
				await it[Symbol.asyncDispose]();
			} catch (error) {
				failures.push(error);
			}
		if (failures.length > 0) throw failures[0];
	}
}
