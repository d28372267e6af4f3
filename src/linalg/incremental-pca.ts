import { randomizedSvd } from "./svd.ts";

/** Principal components of rows that come in batches. */
export interface Pca {
  /** Rows so far. */
  readonly seen: number;
  /** `[features]`: mean and variance of each feature. */
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  /** `[components, features]`, row-major: of length 1, the one of the largest variance first; the largest entry of each is positive. */
  readonly components: Float64Array;
  readonly singularValues: Float64Array;
  /** Part of the variance of all rows that lies along each component. */
  readonly explainedVarianceRatio: Float64Array;
}

/** Iterations of the randomized decomposition, and its rank over that of the components: PEFT's. */
const [ITERATIONS, OVERSAMPLING] = [4, 2];

/**
 * The principal components of more rows: those so far, times their singular values, stand for the rows that they came from.
 * @param pca Absent for the first batch.
 * @param x `[rows, features]`, row-major, with at least as many rows as components.
 * @param components At most `features`.
 * @param fillNormal Fills an array with standard normal numbers.
 * @see Ross et al. 2008, "Incremental Learning for Robust Visual Tracking"; PEFT's `IncrementalPCA` with `lowrank`.
 */
export function withBatch(
  pca: Pca | undefined,
  x: Float32Array,
  features: number,
  components: number,
  fillNormal: (array: Float32Array) => void,
): Pca {
  const rows = x.length / features;
  const before = pca?.seen ?? 0;
  const seen = before + rows;
  const batch = momentsOf(x, features);
  const mean = batch.mean.map((m, j) => (m * rows + (pca?.mean[j] ?? 0) * before) / seen);
  const variance = batch.squares.map((own, j) => {
    const gap = (pca?.mean[j] ?? 0) - batch.mean[j]!;
    return (own + (pca?.variance[j] ?? 0) * before + (gap * gap * before * rows) / seen) / seen;
  });
  const stacked = stack(pca, x, batch.mean, components);
  const rank = Math.min(OVERSAMPLING * components, features, stacked.length / features);
  const { s, v } = randomizedSvd(stacked, stacked.length / features, rank, ITERATIONS, fillNormal);
  const total = seen * variance.reduce((sum, part) => sum + part, 0);
  const singularValues = s.slice(0, components);
  return {
    ...{ seen, mean, variance, singularValues },
    components: leadingRows(v, rank, components),
    explainedVarianceRatio: singularValues.map((value) => (total > 0 ? value ** 2 / total : 0)),
  };
}

/** Mean of each feature, and the sum of squares about it. */
function momentsOf(x: Float32Array, features: number): { readonly mean: Float64Array; readonly squares: Float64Array } {
  const [mean, squares] = [new Float64Array(features), new Float64Array(features)];
  for (let i = 0; i < x.length; i++) mean[i % features]! += x[i]!;
  for (let j = 0; j < features; j++) mean[j]! /= x.length / features;
  for (let i = 0; i < x.length; i++) squares[i % features]! += (x[i]! - mean[i % features]!) ** 2;
  return { mean, squares };
}

/** Components times singular values, the centred batch, and a row for the gap between the means. */
function stack(pca: Pca | undefined, x: Float32Array, mean: Float64Array, components: number): Float64Array {
  const features = mean.length;
  const rows = x.length / features;
  const above = pca ? components : 0;
  const stacked = new Float64Array((above + rows + (pca ? 1 : 0)) * features);
  for (let i = 0; i < x.length; i++) stacked[above * features + i] = x[i]! - mean[i % features]!;
  if (!pca) return stacked;
  for (let i = 0; i < above * features; i++) {
    stacked[i] = pca.singularValues[Math.floor(i / features)]! * pca.components[i]!;
  }
  const factor = Math.sqrt((pca.seen / (pca.seen + rows)) * rows);
  for (let j = 0; j < features; j++) stacked[(above + rows) * features + j] = factor * (pca.mean[j]! - mean[j]!);
  return stacked;
}

/** The first columns of `v [features, rank]` as rows, each with the sign that makes its largest entry positive. */
function leadingRows(v: Float64Array, rank: number, count: number): Float64Array {
  const features = v.length / rank;
  const rows = new Float64Array(count * features);
  for (let k = 0; k < count; k++) {
    let largest = 0;
    for (let j = 0; j < features; j++) if (Math.abs(v[j * rank + k]!) > Math.abs(largest)) largest = v[j * rank + k]!;
    for (let j = 0; j < features; j++) rows[k * features + j] = Math.sign(largest || 1) * v[j * rank + k]!;
  }
  return rows;
}
