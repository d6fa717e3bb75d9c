import { describe, expect, test } from "@jest/globals";
import { allowsPlainHttp, checkPlainHttp, isLoopback } from "../../../src/oci/registry/plain-http.ts";

describe("plain HTTP", () => {
	test.each([
		"localhost",
		"localhost:5000",
		"127.0.0.1",
		"127.9.9.9:1",
		"[::1]",
		"[::1]:80",
		"LOCALHOST",
		"a.localhost",
	])("%s is this machine", (host) => expect(isLoopback(host)).toBe(true));

	test.each([
		"localhost.example",
		"127.0.0.1.example",
		"127.0.0",
		"[::2]",
		"10.0.0.1",
		"128.0.0.1",
		"",
		"alocalhost",
	])("%j is not", (host) => expect(isLoopback(host)).toBe(false));

	test("is spoken where it was asked for", () => {
		expect(allowsPlainHttp(undefined, "localhost")).toBe(false);
		expect(allowsPlainHttp("loopback", "localhost:1")).toBe(true);
		expect(allowsPlainHttp("loopback", "host.example")).toBe(false);
		expect(allowsPlainHttp(["host.example:5000"], "host.example:5000")).toBe(true);
		expect(allowsPlainHttp(["host.example:5000"], "host.example")).toBe(false);
		expect(allowsPlainHttp(["host.example"], "host.example:80")).toBe(true);
	});

	test.each([true, "all", [5], ["http://a.example"], ["a b"]])("%j asks for nothing", (plainHttp) => {
		expect(() => checkPlainHttp(plainHttp as never)).toThrow(
			expect.objectContaining({ code: "ERR_COMPOSEFS_ARGUMENT" }),
		);
	});
});
