import { expect, test } from "vitest";
import { meanOf } from "../../src/quant/mean.ts";

test.each([1, 7, 8, 31, 32, 33, 511, 512, 513, 20_000, 300_000])("the mean of %d numbers counts each once", (n) => {
  const x = Float32Array.from({ length: n }, (_, i) => i % 1024); // partial sums stay exact
  expect(meanOf(x)).toBe(Math.fround(x.reduce((sum, v) => sum + v, 0) / n));
});

test("many equal numbers do not drift", () => {
  expect(meanOf(new Float32Array(1_000_000).fill(0.1))).toBeCloseTo(0.1, 6);
});
