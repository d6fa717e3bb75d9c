import { describe, expect, test } from "@jest/globals";
import type { Bytes } from "../src/byte-pool.ts";
import { SharedValues } from "../src/shared-values.ts";

describe("values of equal texts", () => {
	const text = Buffer.from(`label label ${"long".repeat(40)} ${"long".repeat(40)}`) as Bytes;
	let made = 0;
	const value = () => Uint8Array.of(++made);

	test("are one array, made once", () => {
		const values = new SharedValues();
		const first = values.get(text, 0, 5, value);
		expect(values.get(text, 6, 11, value)).toBe(first);
		expect(values.get(text, 0, 4, value)).not.toBe(first);
	});

	test("are not kept if they are long, or very many", () => {
		const values = new SharedValues();
		expect(values.get(text, 12, 172, value)).not.toBe(values.get(text, 12, 172, value));
		for (let n = 0; n < 5000; n++) values.get(Buffer.from(`${n}`) as Bytes, 0, `${n}`.length, value);
		const last = Buffer.from("4999") as Bytes;
		expect(values.get(last, 0, 4, value)).not.toBe(values.get(last, 0, 4, value));
	});

	test("are forgotten when it is cleared", () => {
		const values = new SharedValues();
		const first = values.get(text, 0, 5, value);
		values.clear();
		expect(values.get(text, 0, 5, value)).not.toBe(first);
	});
});
