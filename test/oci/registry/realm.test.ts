import { describe, expect, test } from "@jest/globals";
import { belongsTo } from "../../../src/oci/registry/realm.ts";

const belongs = (realm: string, registry: string, trusted?: string[]) =>
	belongsTo(new URL(`https://${realm}`), new URL(`https://${registry}`), trusted);

describe("a realm", () => {
	test.each([
		["registry.example", "registry.example"],
		["registry.example:444/token", "registry.example:5000"],
		["127.0.0.1:2", "127.0.0.1:1"],
		["auth.company.example", "registry.company.example"],
		["company.example", "registry.company.example"],
		["deep.auth.company.example", "registry.company.example"],
		["auth.company.co.uk", "registry.company.co.uk"],
	])("on %s belongs to %s", (realm, registry) => expect(belongs(realm, registry)).toBe(true));

	test.each([
		["evil.example", "registry.example"],
		["example", "registry.example"],
		["company.example", "evilcompany.example"],
		["evilcompany.example", "registry.company.example"],
		["company.example.evil.example", "registry.company.example"],
		["registry.company.example.evil.test", "registry.company.example"],
		["evil.co.uk", "registry.co.uk"],
		["1.2.3.4", "9.2.3.4"],
		["10.0.0.2", "10.0.0.1"],
		["[::2]", "[::1]"],
		["auth.internal", "registry.internal"],
	])("on %s does not belong to %s", (realm, registry) => {
		expect(belongs(realm, registry)).toBe(false);
		expect(belongs(realm, registry, [new URL(`https://${realm}`).hostname])).toBe(true);
	});

	test("can be trusted on one port alone", () => {
		const isTrusted = (realm: string) => belongs(realm, "registry.example", ["tokens.test:8443"]);
		expect(["tokens.test:8443", "tokens.test", "tokens.test:8444"].map(isTrusted)).toEqual([
			true,
			false,
			false,
		]);
	});
});
