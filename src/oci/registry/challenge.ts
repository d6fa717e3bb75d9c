/** The `WWW-Authenticate` header (RFC 9110 §11.6.1): what a server asks for. */

/** One way in. Names of schemes and parameters are in lower case. */
export interface Challenge {
	readonly scheme: string;
	readonly parameters: ReadonlyMap<string, string>;
}

/** Header values are short; more than this is not read. */
const HEADER_LIMIT = 16384;

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const TOKEN68 = /[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/sy;
const SPACE = /[ \t]*/y;
const SEPARATORS = /[ \t,]*/y;

/**
 * The challenges of a header, several of which fetch joins with commas. What comes after something that follows no
 * rule is left out: a server that writes that asks for nothing that could be answered.
 */
export function parseChallenges(header: string): Challenge[] {
	const text = new Scanner(header.slice(0, HEADER_LIMIT));
	const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
	text.take(SEPARATORS);
	for (let word = text.take(TOKEN); word !== undefined; word = text.take(TOKEN)) {
		const value = challenges.length > 0 ? parameterValue(text) : undefined;
		if (value !== undefined) {
			const { parameters } = challenges[challenges.length - 1] ?? {};
			// The first of two is what other clients see too.
			if (!parameters?.has(word.toLowerCase())) parameters?.set(word.toLowerCase(), value);
		} else {
			challenges.push({ scheme: word.toLowerCase(), parameters: new Map() });
			if (!beginsParameter(text)) text.take(TOKEN68);
		}
		text.take(SEPARATORS);
	}
	return challenges;
}

function parameterValue(text: Scanner): string | undefined {
	const before = text.at;
	text.take(SPACE);
	if (text.next() === "=") {
		text.at++;
		text.take(SPACE);
		const value = text.next() === '"' ? unquoted(text.take(QUOTED)) : text.take(TOKEN);
		if (value !== undefined) return value;
	}
	text.at = before;
	return undefined;
}

function beginsParameter(text: Scanner): boolean {
	text.take(SPACE);
	const before = text.at;
	const found = text.take(TOKEN) !== undefined && parameterValue(text) !== undefined;
	text.at = before;
	return found;
}

function unquoted(quoted: string | undefined): string | undefined {
	return quoted?.slice(1, -1).replaceAll(/\\(.)/gs, "$1");
}

class Scanner {
	readonly #text: string;
	at = 0;

	constructor(text: string) {
		this.#text = text;
	}

	next(): string | undefined {
		return this.#text[this.at];
	}

	/** What a sticky pattern finds here, and stands behind it. */
	take(pattern: RegExp): string | undefined {
		pattern.lastIndex = this.at;
		const found = pattern.exec(this.#text)?.[0];
		if (found !== undefined) this.at += found.length;
		return found;
	}
}
