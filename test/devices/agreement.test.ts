import { expect, test } from "vitest";
import { worstDifference } from "../../src/devices/agreement.ts";

const arrays = (entries: Readonly<Record<string, readonly number[]>>): Map<string, Float32Array> =>
  new Map(Object.entries(entries).map(([name, data]) => [name, Float32Array.from(data)]));

test("the array that differs most is named, relative to its own size", () => {
  const cpu = arrays({ a: [1, -2], b: [0.1, 0.2] });
  expect(worstDifference(cpu, arrays({ a: [1, -2.02], b: [0.1, 0.21] }))).toEqual({
    name: "b",
    relative: expect.closeTo(0.05, 4),
  });
  expect(worstDifference(cpu, cpu).relative).toBe(0);
});

test("an array that is zero but for rounding is measured by the largest of all", () => {
  const cpu = arrays({ a: [1], zero: [1e-9] });
  expect(worstDifference(cpu, arrays({ a: [1], zero: [-1e-9] })).relative).toBeLessThan(1e-5);
  expect(worstDifference(cpu, arrays({ a: [1], zero: [1e-3] })).relative).toBeGreaterThan(0.9);
});

test("numbers that are not finite, and arrays that are missing, are as wrong as can be", () => {
  const cpu = arrays({ a: [1, 2], b: [1] });
  expect(worstDifference(cpu, arrays({ a: [1, Number.NaN], b: [1] }))).toEqual({ name: "a", relative: Infinity });
  expect(worstDifference(cpu, arrays({ a: [1, 2] }))).toEqual({ name: "b", relative: Infinity });
});
