// Damage to bytes and texts, of which fuzzers choose. Each kind takes a copy that it may change, and a function that gives
// random integers below its argument.

/** `bytes` after one to four kinds of damage, whose names it puts into `done`. */
export function damage(bytes, kinds, below, done) {
	let damaged = bytes;
	for (let count = below(3) === 0 ? 2 + below(3) : 1; count > 0; count--) {
		const kind = kinds[below(kinds.length)];
		damaged = kind(Uint8Array.from(damaged), below);
		done.push(kind.name);
	}
	return damaged;
}

function flipBits(bytes, below) {
	for (let n = 1 + below(3); n > 0; n--) bytes[below(bytes.length)] ^= 1 << below(8);
	return bytes;
}

function setByte(bytes, below) {
	bytes[below(bytes.length)] = [0, 0x22, 0x2c, 0x5c, 0x7b, 0x7d, 0x80, 0xff][below(8)];
	return bytes;
}

function cut(bytes, below) {
	const at = below(bytes.length);
	return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(40))]);
}

function repeat(bytes, below) {
	const at = below(bytes.length);
	const part = bytes.subarray(at, at + 1 + below(200));
	const times = below(20) === 0 ? 500 : 1 + below(3);
	const parts = Array.from({ length: times }, () => part);
	return Buffer.concat([bytes.subarray(0, at), ...parts, bytes.subarray(at)]).subarray(0, 100_000);
}

const NUMBERS =
	"0 -1 1 65536 4294967296 9007199254740991 9007199254740993 18446744073709551615 1e9 1.5 -0 00".split(" ");

function hostileNumber(bytes, below) {
	return replace(bytes, /(?<=:)\d+/g, () => NUMBERS[below(NUMBERS.length)], below);
}

const TOKENS = [
	..."{}[],:",
	"null",
	'""',
	'"\\ud800"',
	'"\\u0000"',
	'"../x"',
	'"name":"x",',
	'"":1,',
	"[[[[[[[[[",
];

function hostileToken(bytes, below) {
	return replace(bytes, /"[^"]*"|[{}[\],:]/g, () => TOKENS[below(TOKENS.length)], below);
}

function swapCase(bytes, below) {
	const swap = (key) => (key === key.toLowerCase() ? key.toUpperCase() : key.toLowerCase());
	return replace(bytes, /"\w+"(?=:)/g, swap, below);
}

/** Replaces one of the places that fit. */
export function replace(bytes, pattern, by, below) {
	const text = Buffer.from(bytes).toString("latin1");
	const places = [...text.matchAll(pattern)];
	if (places.length === 0) return bytes;
	const { index, 0: found } = places[below(places.length)];
	return Buffer.from(text.slice(0, index) + by(found) + text.slice(index + found.length), "latin1");
}

function swapEntries(bytes, below) {
	return swapParts(bytes, "},{", below);
}

function swapParts(bytes, separator, below) {
	const parts = Buffer.from(bytes).toString("latin1").split(separator);
	const [one, other] = [below(parts.length), below(parts.length)];
	[parts[one], parts[other]] = [parts[other], parts[one]];
	return Buffer.from(parts.join(separator), "latin1");
}

const WORDS = [
	...NUMBERS,
	"-",
	"\\x00",
	"\\xff",
	"\\",
	"@",
	"40755",
	"@100644",
	"/",
	"..",
	"a/b",
	"-5.0",
	"0.1e3",
	"=",
	"a=b",
];

/** In place of what stands between spaces. */
function hostileWord(bytes, below) {
	return replace(bytes, /[^ \n]+/g, () => WORDS[below(WORDS.length)], below);
}

function swapLines(bytes, below) {
	return swapParts(bytes, "\n", below);
}

export const BYTE_DAMAGE = [flipBits, setByte, cut, repeat];
export const JSON_DAMAGE = [
	...BYTE_DAMAGE,
	hostileNumber,
	hostileNumber,
	hostileToken,
	swapCase,
	swapEntries,
];
export const LINE_DAMAGE = [...BYTE_DAMAGE, hostileWord, hostileWord, hostileWord, swapLines];
