import { expect, test } from "vitest";
import { calibration } from "../../src/metrics/calibration.ts";

test("predictions are counted in tenths of confidence, an edge in the lower one", () => {
  const { bins } = calibration([0, 0.05, 0.1, 0.11, 0.5, 0.95, 1], [true, false, true, false, true, true, false]);
  expect(bins.map(({ count }) => count)).toEqual([3, 1, 0, 0, 1, 0, 0, 0, 0, 2]);
  expect(bins[0]!.accuracy).toBeCloseTo(2 / 3, 12);
  expect(bins[9]!.confidence).toBeCloseTo(0.975, 12);
});

test("the expected error weights each bin by its predictions", () => {
  const confidences = [0.9, 0.9, 0.9, 0.9, 0.6];
  // bin of 0.9: accuracy 0.5; bin of 0.6: accuracy 1
  expect(calibration(confidences, [true, true, false, false, true]).expectedError).toBeCloseTo((4 * 0.4 + 0.4) / 5, 12);
  expect(calibration([1, 1], [true, true]).expectedError).toBe(0);
});
