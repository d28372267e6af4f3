import type { Random } from "../random.ts";

/** The two ends of a confidence interval. */
export type Interval = readonly [low: number, high: number];

/** Options for resampling. */
export interface BootstrapOptions {
  /** Random stream of the resamples. */
  readonly random: Random;
  /** [1000] */
  readonly resamples?: number;
  /** Share of the resamples that the interval covers [0.95]. */
  readonly confidence?: number;
}

/**
 * Percentile bootstrap: what the metrics would be on test sets like this one.
 *
 * @param examples Size of the test set.
 * @param measure  The metrics of a resample, given as `examples` row numbers drawn with replacement. The array is
 *                 reused from call to call.
 * @returns an interval for each metric, between linearly interpolated percentiles as numpy's.
 * @example bootstrapIntervals(labels.length, (rows) => {
 *   const { microF1, macroF1 } = classificationReport(rows.map((i) => labels[i]!), rows.map((i) => guesses[i]!), names);
 *   return { microF1, macroF1 };
 * }, { random: random.stream("bootstrap") });
 * @see Efron 1979, "Bootstrap methods: another look at the jackknife".
 */
export function bootstrapIntervals<Metric extends string>(
  examples: number,
  measure: (rows: Int32Array) => Readonly<Record<Metric, number>>,
  { random, resamples = 1000, confidence = 0.95 }: BootstrapOptions,
): Record<Metric, Interval> {
  const rows = new Int32Array(examples);
  const measured = Array.from({ length: resamples }, () => {
    for (let i = 0; i < examples; i++) rows[i] = random.int(examples);
    return measure(rows);
  });
  const tail = (1 - confidence) / 2;
  const interval = (metric: Metric): Interval => {
    const sorted = Float64Array.from(measured, (metrics) => metrics[metric]).sort();
    return [quantile(sorted, tail), quantile(sorted, 1 - tail)];
  };
  const metrics = Object.keys(measured[0] ?? {}) as Metric[];
  return Object.fromEntries(metrics.map((metric) => [metric, interval(metric)])) as Record<Metric, Interval>;
}

function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)]!;
  const above = sorted[Math.ceil(at)]!;
  return below + (above - below) * (at - Math.floor(at));
}
