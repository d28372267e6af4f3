import type { ComparisonRow } from "../../../src/events/reports.ts";

/** A row with these figures; the rest is of no account. */
export function rowOf(method: string, seed = 0, figures: Partial<ComparisonRow> = {}): ComparisonRow {
  const memoryBytes = { weights: 1, quantizedWeights: 0, gradients: 1, optimizer: 2, activations: 3, runtime: 4 };
  return {
    method,
    seed,
    trainableParameters: 460_000,
    totalParameters: 22_700_000,
    trainablePercent: 2.03,
    peakRssBytes: 1.2e9,
    memoryBytes,
    trainSeconds: 75,
    tokensPerSecond: 1511.3,
    savedBytes: 3.7e6,
    microF1: 0.91,
    macroF1: 0.8,
    microF1Interval: [0.88, 0.93],
    macroF1Interval: [0.78, 0.83],
    ...figures,
  };
}
