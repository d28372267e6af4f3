import { DataError } from "../errors.ts";

/** Scores of predicted values. A correlation with values that are all alike counts as 0, and so does their R². */
export interface RegressionReport {
  /** Mean of the squared errors. */
  readonly meanSquaredError: number;
  /** Pearson's correlation, from −1 to 1. */
  readonly pearson: number;
  /** Spearman's rank correlation, equal values at the mean of their ranks. */
  readonly spearman: number;
  /** Coefficient of determination: 1 − squared errors ÷ squared distances from the mean; at most 1. */
  readonly rSquared: number;
}

/**
 * Compares predicted with true values.
 *
 * @param labels      `[n]`.
 * @param predictions `[n]`.
 * @throws {DataError} without examples.
 */
export function regressionReport(labels: readonly number[], predictions: readonly number[]): RegressionReport {
  if (labels.length === 0) throw new DataError("There are no examples to score.");
  const errors = labels.reduce((sum, label, i) => sum + (label - (predictions[i] as number)) ** 2, 0);
  const spread = centred(labels).reduce((sum, x) => sum + x * x, 0);
  return {
    meanSquaredError: errors / labels.length,
    pearson: correlation(labels, predictions),
    spearman: correlation(ranks(labels), ranks(predictions)),
    rSquared: spread === 0 ? 0 : 1 - errors / spread,
  };
}

function centred(values: readonly number[]): number[] {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return values.map((x) => x - mean);
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [centred(a), centred(b)];
  const dot = (u: readonly number[], v: readonly number[]): number =>
    u.reduce((sum, n, i) => sum + n * (v[i] as number), 0);
  const size = Math.sqrt(dot(x, x)) * Math.sqrt(dot(y, y));
  return size === 0 ? 0 : dot(x, y) / size;
}

/** Ranks from 0. */
function ranks(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => (values[a] as number) - (values[b] as number));
  const found: number[] = Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end] as number] === values[order[start] as number]) end++;
    for (const at of order.slice(start, end)) found[at] = (start + end - 1) / 2;
    start = end;
  }
  return found;
}
