import { getEventListeners } from "node:events";
import { describe, expect, test } from "@jest/globals";
import {
	connectionError,
	isTransient,
	isTransientStatus,
	registryError,
} from "../../../src/oci/registry/fault.ts";
import { Attempts, retryAfter } from "../../../src/oci/registry/retry.ts";

const broken = registryError("connection", "here", "broke");

describe("attempts", () => {
	test("are counted, and begin anew after progress", async () => {
		const attempts = new Attempts({ retries: 2, backoffMs: 1 });
		await attempts.next(broken);
		await attempts.next(broken);
		await expect(attempts.next(broken)).rejects.toBe(broken);
		attempts.restart();
		await attempts.next(broken);
	});

	test("wait longer each time", async () => {
		const attempts = new Attempts({ retries: 3, backoffMs: 20 });
		const waits: number[] = [];
		for (let i = 0; i < 3; i++) {
			const begin = performance.now();
			await attempts.next(broken);
			waits.push(performance.now() - begin);
		}
		expect(waits.map((wait, i) => wait >= 19 * 2 ** i)).toEqual([true, true, true]);
	});

	test("end at once with what does not pass", async () => {
		for (const failure of [
			new Error("x"),
			registryError("realm", "here", "x"),
			registryError("status", "h", "x", { status: 404 }),
		])
			await expect(new Attempts({}).next(failure)).rejects.toBe(failure);
	});

	test("do as the server says, unless that is long", async () => {
		const attempts = new Attempts({ backoffMs: 100_000 });
		await attempts.next(broken, 1);
		await expect(attempts.next(broken, 3_600_000)).rejects.toBe(broken);
	});

	test("end with the signal", async () => {
		const controller = new AbortController();
		const waiting = new Attempts({ backoffMs: 60_000 }, controller.signal).next(broken);
		const reason = new Error("enough");
		setTimeout(() => controller.abort(reason), 10);
		await expect(waiting).rejects.toBe(reason);
	});

	test("bug: each that waited was one listener more of the signal", async () => {
		const { signal } = new AbortController();
		const all = Array.from({ length: 20 }, () => new Attempts({ backoffMs: 1 }, signal).next(broken));
		expect(getEventListeners(signal, "abort")).toHaveLength(1);
		await Promise.all(all);
		expect(getEventListeners(signal, "abort")).toHaveLength(0);
	});
});

describe("what passes", () => {
	test.each([408, 429, 500, 502, 503, 504])("%d", (status) => expect(isTransientStatus(status)).toBe(true));
	test.each([200, 400, 401, 403, 404, 416, 501])("not %d", (status) => {
		expect(isTransientStatus(status)).toBe(false);
		expect(isTransient(registryError("status", "h", "x", { status }))).toBe(false);
	});
});

test.each([
	"DEPTH_ZERO_SELF_SIGNED_CERT",
	"SELF_SIGNED_CERT_IN_CHAIN",
	"UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
	"UNABLE_TO_VERIFY_LEAF_SIGNATURE",
	"CERT_HAS_EXPIRED",
	"ERR_TLS_CERT_ALTNAME_INVALID",
	"HOSTNAME_MISMATCH",
	"INVALID_CA",
])("bug: a server whose certificate is not accepted (%s) was asked again", (code) => {
	const thrown = new TypeError("fetch failed", { cause: Object.assign(new Error("why"), { code }) });
	const error = connectionError(new URL("https://h.example/x"), thrown);
	expect(error).toMatchObject({
		rule: "certificate",
		message: "https://h.example/x: its certificate is not accepted: why",
		cause: thrown,
	});
	expect(isTransient(error)).toBe(false);
});

describe("Retry-After", () => {
	const now = Date.parse("2026-01-01T00:00:00Z");
	test.each([
		[null, undefined],
		["0", 0],
		["120", 120_000],
		["Thu, 01 Jan 2026 00:00:30 GMT", 30_000],
		["Thu, 01 Jan 2020 00:00:00 GMT", 0],
		["soon", undefined],
		["-", undefined],
	])("%s", (header, expected) => expect(retryAfter(header, now)).toBe(expected));
});
