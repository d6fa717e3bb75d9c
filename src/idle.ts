/** Objects of the hottest loops, used again by whoever comes next. */

export interface Forgetful {
	/** Lets go of all that is its user's. */
	forget(): void;
}

/**
 * Keeps one object between its uses. What it is for is not to save the making of it alone: V8 drops code that it has
 * optimised as soon as a full garbage collection finds no object of a shape that the code was made for, and what runs
 * next is slow until it is optimised anew. So one of each shape stays.
 */
export class Idle<T extends Forgetful> {
	readonly #make: () => T;
	#kept: T | undefined;

	constructor(make: () => T) {
		this.#make = make;
	}

	/** The one that is kept, or another one if that is in use. */
	take(): T {
		const taken = this.#kept ?? this.#make();
		this.#kept = undefined;
		return taken;
	}

	/** Gives it back, as good as new. */
	give(object: T): void {
		object.forget();
		this.#kept = object;
	}

	/** Lends it for some work, wherever in it that ends. */
	async lend<Result>(work: (object: T) => Promise<Result>): Promise<Result> {
		const object = this.take();
		try {
			return await work(object);
		} finally {
			this.give(object);
		}
	}
}
