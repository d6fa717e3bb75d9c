/** Fields of a JSON document, of the types that they should have. */
import { AnnotationMap } from "../descriptor.ts";
import type { ComposefsError } from "../errors.ts";
import { ociError } from "./fault.ts";
import type { Json, JsonObject } from "./json.ts";

/** An object of a document, and where in it that is. Unknown keys are left alone, as the specifications want it. */
export class Fields {
	readonly #object: JsonObject;
	readonly #where: string;

	/** @param where   the document, and the way to the object: `index.json: manifests[3]` */
	constructor(value: Json | undefined, where: string) {
		this.#where = where;
		if (!(value instanceof Map)) throw this.fault("", "is no object");
		this.#object = value;
	}

	has(key: string): boolean {
		return this.#object.has(key);
	}

	string(key: string): string {
		const value = this.#object.get(key);
		if (typeof value !== "string") throw this.fault(key, value === undefined ? "is missing" : "is no string");
		return value;
	}

	/** Undefined where there is none; an empty one, which Go's encoders write for none, too. */
	optionalString(key: string): string | undefined {
		return this.#isNone(key) ? undefined : this.string(key) || undefined;
	}

	/** From 0 to 2^53 - 1 */
	integer(key: string): number {
		const value = this.#object.get(key);
		if (value === undefined) throw this.fault(key, "is missing");
		if (!Number.isSafeInteger(value) || (value as number) < 0) throw this.fault(key, "is no size");
		return value as number;
	}

	/** An object, handed to `read`. */
	object<T>(key: string, read: (fields: Fields) => T): T {
		return read(new Fields(this.#object.get(key), this.#at(key)));
	}

	optionalObject<T>(key: string, read: (fields: Fields) => T): T | undefined {
		return this.#isNone(key) ? undefined : this.object(key, read);
	}

	/** An array of objects, each handed to `read`; empty for null, which Go's encoders write for no elements. */
	objects<T>(key: string, read: (fields: Fields) => T): T[] {
		return this.#array(key).map((value, at) => read(new Fields(value, this.#at(`${key}[${at}]`))));
	}

	strings(key: string): string[] {
		return this.#array(key).map((value, at) => {
			if (typeof value !== "string") throw this.fault(`${key}[${at}]`, "is no string");
			return value;
		});
	}

	/** A map from strings to strings; empty where there is none. */
	stringMap(key: string): ReadonlyMap<string, string> {
		if (this.#isNone(key)) return new AnnotationMap();
		const value = this.#object.get(key);
		if (!(value instanceof Map)) throw this.fault(key, "is no object");
		for (const [name, text] of value as JsonObject)
			if (typeof text !== "string") throw this.fault(`${key}[${JSON.stringify(name)}]`, "is no string");
		return new AnnotationMap(value as ReadonlyMap<string, string>);
	}

	fault(key: string, problem: string): ComposefsError {
		return ociError("document", `${key === "" ? this.#where : this.#at(key)} ${problem}`);
	}

	#array(key: string): readonly Json[] {
		const value = this.#object.get(key);
		if (value === null) return [];
		if (!Array.isArray(value)) throw this.fault(key, "is no array");
		return value;
	}

	#isNone(key: string): boolean {
		const value = this.#object.get(key);
		return value === undefined || value === null;
	}

	#at(key: string): string {
		return this.#where.includes(": ") ? `${this.#where}.${key}` : `${this.#where}: ${key}`;
	}
}
