/** JSON from outside: what two readers could understand in two ways is refused. */
import { isUtf8 } from "node:buffer";
import { ociError } from "./fault.ts";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
/** A map, so that no key means anything to JavaScript. */
export type JsonObject = ReadonlyMap<string, Json>;

const MAX_DEPTH = 64;

/**
 * Parses a document. It must be UTF-8, no key may come twice in one object, and values are at most 64 levels deep.
 *
 * @param name   what errors call it
 * @throws ComposefsError `ERR_COMPOSEFS_OCI`, rule `json`, with the `offset`, in characters, of what is wrong
 */
export function parseJson(bytes: Uint8Array, name: string): Json {
	if (!isUtf8(bytes)) throw ociError("json", `${name}: is not UTF-8`);
	const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
	return new JsonParser(text, name).document();
}

const SPACE = /[ \t\n\r]*/y;
const LITERAL = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

class JsonParser {
	readonly #text: string;
	readonly #name: string;
	#at = 0;
	#depth = 0;

	constructor(text: string, name: string) {
		this.#text = text;
		this.#name = name;
	}

	document(): Json {
		const value = this.#value();
		if (this.#at < this.#text.length) this.#fail("something follows the document");
		return value;
	}

	/** A value, and the space before and after it. */
	#value(): Json {
		const next = this.#peek();
		let value: Json;
		if (next === "{") value = this.#nested(() => this.#object());
		else if (next === "[") value = this.#nested(() => this.#array());
		else value = next === '"' ? this.#string() : this.#literal();
		this.#peek();
		return value;
	}

	#nested<T>(read: () => T): T {
		if (++this.#depth > MAX_DEPTH) this.#fail(`more than ${MAX_DEPTH} levels`);
		this.#at++;
		const value = read();
		this.#depth--;
		return value;
	}

	#object(): JsonObject {
		const object = new Map<string, Json>();
		if (this.#take("}")) return object;
		for (;;) {
			if (this.#peek() !== '"') this.#fail("a key is missing");
			const start = this.#at;
			const key = this.#string();
			if (object.has(key)) {
				this.#at = start;
				this.#fail(`the key ${JSON.stringify(key.slice(0, 80))} comes twice`);
			}
			if (!this.#take(":")) this.#fail("a colon is missing");
			object.set(key, this.#value());
			if (this.#take("}")) return object;
			if (!this.#take(",")) this.#fail("a comma is missing");
		}
	}

	#array(): Json[] {
		const array: Json[] = [];
		if (this.#take("]")) return array;
		for (;;) {
			array.push(this.#value());
			if (this.#take("]")) return array;
			if (!this.#take(",")) this.#fail("a comma is missing");
		}
	}

	#string(): string {
		const start = this.#at;
		let end = start + 1;
		for (; ; end++) {
			end = this.#text.indexOf('"', end);
			if (end < 0) this.#fail("a string does not end");
			let escapes = 0;
			while (this.#text[end - 1 - escapes] === "\\") escapes++;
			if (escapes % 2 === 0) break;
		}
		this.#at = end + 1;
		try {
			return JSON.parse(this.#text.slice(start, end + 1)) as string;
		} catch {
			this.#at = start;
			return this.#fail("a string with what no string can have");
		}
	}

	#literal(): Json {
		LITERAL.lastIndex = this.#at;
		const [literal] = LITERAL.exec(this.#text) ?? [];
		if (literal === undefined || literal === "") return this.#fail("a value is missing");
		this.#at += literal.length;
		return JSON.parse(literal) as Json;
	}

	/** The next character that is no space; undefined at the end. */
	#peek(): string | undefined {
		SPACE.lastIndex = this.#at;
		SPACE.exec(this.#text);
		this.#at = SPACE.lastIndex;
		return this.#text[this.#at];
	}

	#take(character: string): boolean {
		if (this.#peek() !== character) return false;
		this.#at++;
		return true;
	}

	#fail(problem: string): never {
		const text = `${this.#name}: not JSON as it should be, at character ${this.#at}: ${problem}`;
		throw ociError("json", text, { offset: this.#at });
	}
}
