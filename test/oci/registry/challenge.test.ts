import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseChallenges } from "../../../src/oci/registry/challenge.ts";
import { cpuTimeOf, FAR_TOO_MUCH_MS } from "../../support/cpu-time.ts";

const plain = (header: string) =>
	parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe("challenges", () => {
	test.each([
		["", []],
		["Basic", [["basic", {}]]],
		['Basic realm="a registry"', [["basic", { realm: "a registry" }]]],
		[
			'Bearer realm="https://a/t",service="s",scope="repository:a/b:pull,push"',
			[["bearer", { realm: "https://a/t", service: "s", scope: "repository:a/b:pull,push" }]],
		],
		['BEARER Realm = "x" , SERVICE=y', [["bearer", { realm: "x", service: "y" }]]],
		[String.raw`Bearer realm="a \"b\" \\ c"`, [["bearer", { realm: 'a "b" \\ c' }]]],
		[
			'Basic realm="a", Bearer realm="b",scope="c"',
			[
				["basic", { realm: "a" }],
				["bearer", { realm: "b", scope: "c" }],
			],
		],
		[
			"Negotiate, Basic realm=x",
			[
				["negotiate", {}],
				["basic", { realm: "x" }],
			],
		],
		[
			"Negotiate dG9rZW4=, Basic realm=x",
			[
				["negotiate", {}],
				["basic", { realm: "x" }],
			],
		],
		[
			"Negotiate dG9rZW4, Basic realm=x",
			[
				["negotiate", {}],
				["basic", { realm: "x" }],
			],
		],
		[", ,Basic realm=x,,", [["basic", { realm: "x" }]]],
		['Bearer realm="first",realm="second"', [["bearer", { realm: "first" }]]],
		['Bearer realm="Basic realm=x, y=z"', [["bearer", { realm: "Basic realm=x, y=z" }]]],
		[
			'Bearer realm="unfinished',
			[
				["bearer", {}],
				["realm", {}],
			],
		],
		["é", []],
	])("%s", (header, expected) => expect(plain(header)).toEqual(expected));

	test("what is written is read", () => {
		const token = fc.stringMatching(/^[a-z][a-z0-9!#$%&'*+.^_`|~-]{0,10}$/);
		const parameters = fc.dictionary(token, fc.stringMatching(/^[\x20-\x7e]{0,20}$/), {
			minKeys: 1,
			noNullPrototype: true,
		});
		fc.assert(
			fc.property(fc.array(fc.tuple(token, parameters), { minLength: 1, maxLength: 3 }), (challenges) => {
				const quote = (text: string) => `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
				const written = challenges.map(
					([scheme, entries]) =>
						`${scheme} ${Object.entries(entries)
							.map(([name, value]) => `${name}=${quote(value)}`)
							.join(", ")}`,
				);
				expect(plain(written.join(", "))).toEqual(challenges);
			}),
		);
	});

	test("any header is read, soon", async () => {
		fc.assert(fc.property(fc.string(), (header) => void parseChallenges(header)));
		const spent = await cpuTimeOf(() => {
			for (const text of ["a ", "a=", '"', "a,", "a=b,", "=", "\\", "x y", 'a="\\'])
				parseChallenges(text.repeat(1e6));
		});
		expect(spent).toBeLessThan(FAR_TOO_MUCH_MS);
	});
});
