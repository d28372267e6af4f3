import fc from "fast-check";
import { expect, test } from "vitest";
import { countLabel, linearAxis, logAxis, stepAxis } from "../../src/charts/axis.ts";

test("ticks are round numbers around the values", () => {
  const { ticks, at } = linearAxis([0.612, 0.834], [300, 0]);
  expect(ticks.map(({ label }) => label)).toEqual(["0.6", "0.7", "0.8", "0.9"]);
  expect(at(0.6)).toBeCloseTo(300);
  expect(at(0.9)).toBeCloseTo(0);
});

test("a unit divides the values first", () => {
  const { ticks, at } = linearAxis([0, 2.3e9], [0, 100], (bytes) => bytes / 1e9);
  expect(ticks.map(({ label }) => label)).toEqual(["0", "1", "2", "3"]);
  expect(at(1.5e9)).toBeCloseTo(50);
});

test("a log axis has a tick a power of ten, in words", () => {
  const { ticks, at } = logAxis([1_701, 22_700_000], [0, 500]);
  expect(ticks.map(({ label }) => label)).toEqual(["1 k", "10 k", "100 k", "1 M", "10 M", "100 M"]);
  expect(at(10_000)).toBeCloseTo(100);
});

test("every value lies between the ends, also when there is but one", () => {
  const values = fc.array(fc.integer({ min: 1, max: 1e12 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(values, (values) => {
      for (const { at, ticks } of [linearAxis(values, [10, 90]), logAxis(values, [10, 90])]) {
        for (const place of [...values.map(at), ...ticks.map(({ value }) => value)]) {
          expect(place).toBeGreaterThanOrEqual(10 - 1e-6);
          expect(place).toBeLessThanOrEqual(90 + 1e-6);
        }
        expect(ticks.length).toBeLessThan(20);
      }
    }),
  );
});

test("marks have few digits, also of tiny and of huge numbers", () => {
  const labels = (values: number[]) => linearAxis(values, [0, 100]).ticks.map(({ label }) => label);
  expect(labels([0, 5e-5])).toEqual(["0", "2e-5", "4e-5", "6e-5"]);
  expect(labels([0, 1e-3])).toEqual(["0", "5e-4", "1e-3"]);
  expect(labels([0, 4e6])).toEqual(["0", "1e6", "2e6", "3e6", "4e6"]);
  expect([7, 9999, 10_000, 123_456, 1.5e6].map(countLabel)).toEqual(["7", "9999", "10k", "123k", "1.5M"]);
});

test("steps have whole marks from 0, none beyond the last", () => {
  const labels = (last: number) => stepAxis(last, [0, 100]).ticks.map(({ label }) => label);
  expect(labels(1)).toEqual(["0", "1"]);
  expect(labels(3)).toEqual(["0", "1", "2", "3"]);
  expect(labels(430)).toEqual(["0", "100", "200", "300", "400"]);
  expect(labels(100_000)).toEqual(["0", "20k", "40k", "60k", "80k", "100k"]);
});
