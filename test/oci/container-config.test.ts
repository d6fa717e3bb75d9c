import { describe, expect, test } from "@jest/globals";
import { type ContainerConfig, changeConfig } from "../../src/oci/container-config.ts";

const base = {
	Env: ["PATH=/bin", "HOME=/root", "odd"],
	Entrypoint: ["/bin/sh"],
	Cmd: ["-c"],
	Labels: { b: "2", a: "1" },
	User: "5",
	ExposedPorts: { "80/tcp": {} },
	Healthcheck: { Interval: 30_000_000_000 },
};

describe("changeConfig", () => {
	test.each<[string, ContainerConfig, object]>([
		["nothing", {}, {}],
		[
			"an entrypoint, and not the arguments of another",
			{ entrypoint: ["/app"] },
			{ Entrypoint: ["/app"], Cmd: undefined },
		],
		["both", { entrypoint: ["/app"], cmd: ["x"] }, { Entrypoint: ["/app"], Cmd: ["x"] }],
		["a command alone", { cmd: ["x"] }, { Cmd: ["x"] }],
		["no entrypoint", { entrypoint: null }, { Entrypoint: undefined, Cmd: undefined }],
		[
			"variables, where they are or behind the others",
			{ env: { NEW: "a=b", PATH: "/usr/bin", HOME: null, NONE: null } },
			{ Env: ["PATH=/usr/bin", "odd", "NEW=a=b"] },
		],
		["no variables", { env: null }, { Env: undefined }],
		[
			"labels",
			{ labels: { c: "3", a: null, ["__proto__"]: "4" } },
			{ Labels: { ["__proto__"]: "4", b: "2", c: "3" } },
		],
		[
			"ports in place of ports",
			{ exposedPorts: ["9/udp", "8/tcp"] },
			{ ExposedPorts: { "8/tcp": {}, "9/udp": {} } },
		],
		["volumes", { volumes: ["/data"] }, { Volumes: { "/data": {} } }],
		[
			"texts",
			{ user: "app:app", workingDir: "/srv", stopSignal: "SIGINT" },
			{ User: "app:app", WorkingDir: "/srv", StopSignal: "SIGINT" },
		],
	])("%s", (_title, changes, expected) => {
		expect(JSON.stringify(sorted(changeConfig(base, changes)))).toBe(
			JSON.stringify(sorted({ ...base, ...expected })),
		);
	});

	test("of none, or of what Go writes for none, begins one", () => {
		for (const before of [undefined, null])
			expect(changeConfig(before, { env: { A: "1" } })).toEqual({ Env: ["A=1"] });
		expect(changeConfig({ Env: null, Labels: null }, { env: { A: "1" }, labels: {} })).toEqual({
			Env: ["A=1"],
			Labels: {},
		});
	});

	test("gives the same bytes in whatever order the changes are", () => {
		const one = changeConfig({}, { cmd: ["a"], user: "b", labels: { x: "1", a: "2" } });
		const other = changeConfig({}, { labels: { a: "2", x: "1" }, user: "b", cmd: ["a"] });
		expect(JSON.stringify(one)).toBe(JSON.stringify(other));
	});

	test.each<[string, unknown]>([
		["a name that is not known", { Entrypoint: ["/app"] }],
		["text for a list", { entrypoint: "/app" }],
		["a number in a list", { cmd: [1] }],
		["a NUL", { cmd: ["a\0"] }],
		["half a character", { user: "\ud800" }],
		["a number for text", { user: 5 }],
		["variables as Docker writes them", { env: ["A=1"] }],
		["variables in a Map", { env: new Map([["A", "1"]]) }],
		["a variable without a name", { env: { "": "1" } }],
		["a variable with = in its name", { env: { "A=B": "1" } }],
		["a label that is no text", { labels: { a: 1 } }],
		["null", null],
		["a list", []],
		["a Map, which would seem to say nothing", new Map([["user", "5"]])],
	])("refuses %s", (_title, changes) => {
		expect(() => changeConfig(base, changes as ContainerConfig)).toThrow(
			expect.objectContaining({ code: "ERR_COMPOSEFS_ARGUMENT", rule: "config" }),
		);
	});

	test.each<[unknown, ContainerConfig]>([
		["text", {}],
		[[], {}],
		[{ Env: {} }, { env: {} }],
		[{ Env: [1] }, { env: {} }],
		[{ Labels: [] }, { labels: {} }],
	])("refuses a document with %j", (before, changes) => {
		expect(() => changeConfig(before, changes)).toThrow(
			expect.objectContaining({ code: "ERR_COMPOSEFS_OCI", rule: "document" }),
		);
	});
});

function sorted(config: object): object {
	return Object.fromEntries(Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1)));
}
