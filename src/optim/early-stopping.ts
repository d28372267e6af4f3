/** Settings of early stopping. */
export interface EarlyStoppingOptions {
  /** True when the smaller of two values of the metric is the better. */
  readonly lowerIsBetter: boolean;
  /** Amount that a value must be better than the best before it by, to count as an improvement. */
  readonly threshold: number;
}

/**
 * Evaluations in a row, up to the last one, that did not improve the metric.
 *
 * @param values The metric of every evaluation so far, in order. A value that is better by no more than the threshold is not
 *   an improvement, yet later values are compared with it: slow progress stops a run, too.
 * @see transformers' EarlyStoppingCallback, which stops once they are as many as its patience.
 */
export function evaluationsWithoutImprovement(
  values: readonly number[],
  { lowerIsBetter, threshold }: EarlyStoppingOptions,
): number {
  let best: number | undefined;
  let count = 0;
  for (const value of values) {
    const gain = best === undefined ? Infinity : lowerIsBetter ? best - value : value - best;
    count = gain > threshold ? 0 : count + 1;
    if (gain > 0) best = value;
  }
  return count;
}
