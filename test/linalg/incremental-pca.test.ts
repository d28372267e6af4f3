import { describe, expect, test } from "vitest";
import { type Pca, withBatch } from "../../src/linalg/incremental-pca.ts";
import { leadingSvd } from "../../src/linalg/svd.ts";
import { Random } from "../../src/random.ts";

const [ROWS, FEATURES, COMPONENTS] = [60, 8, 3];
/** Rows with a mean, and a spread that falls from feature to feature. */
const rows = new Float32Array(ROWS * FEATURES);
Random.seed(7).fillNormal(rows, 1);
for (let i = 0; i < rows.length; i++) rows[i] = 5 + rows[i]! / (1 + (i % FEATURES) ** 2);

const fillNormal = (array: Float32Array): void => Random.seed(1).fillNormal(array, 1);
const of = (batches: readonly Float32Array[]): Pca =>
  batches.reduce<Pca | undefined>((pca, x) => withBatch(pca, x, FEATURES, COMPONENTS, fillNormal), undefined) as Pca;
const batch = (from: number, to: number) => rows.slice(from * FEATURES, to * FEATURES);

/** Of all rows at once, by the exact decomposition. */
const mean = Array.from({ length: FEATURES }, (_, j) => rows.reduce((sum, x, i) => sum + (i % FEATURES === j ? x : 0), 0) / ROWS); // biome-ignore format: one line
const centred = rows.map((x, i) => x - mean[i % FEATURES]!);
const { s, v } = leadingSvd(centred, ROWS, COMPONENTS);
const total = centred.reduce((sum, x) => sum + x * x, 0);

const expectAll = ({ seen, components, singularValues, explainedVarianceRatio, ...pca }: Pca, digits: number): void => {
  expect(seen).toBe(ROWS);
  for (let j = 0; j < FEATURES; j++) expect(pca.mean[j]).toBeCloseTo(mean[j]!, 5);
  expect(ROWS * pca.variance.reduce((sum, x) => sum + x, 0)).toBeCloseTo(total, 3);
  for (let k = 0; k < COMPONENTS; k++) {
    expect(singularValues[k]! / s[k]!).toBeCloseTo(1, digits);
    expect(explainedVarianceRatio[k]).toBeCloseTo(s[k]! ** 2 / total, digits);
    const row = components.subarray(k * FEATURES, (k + 1) * FEATURES);
    expect(Math.abs(row.reduce((sum, x, j) => sum + x * v[j * COMPONENTS + k]!, 0))).toBeCloseTo(1, digits);
    expect(Math.max(...row)).toBe(Math.max(...row.map(Math.abs)));
  }
};

describe("withBatch", () => {
  test("of one batch is the plain decomposition", () => expectAll(of([rows]), 5));

  test("of several nears that of all rows at once; mean and variance are theirs", () =>
    expectAll(of([batch(0, 20), batch(20, 30), batch(30, 60)]), 2));

  test("rows that are all alike have no variance", () => {
    const { explainedVarianceRatio, components } = of([new Float32Array(10 * FEATURES).fill(3)]);
    expect([...explainedVarianceRatio]).toEqual([0, 0, 0]);
    expect(components.every(Number.isFinite)).toBe(true);
  });
});
