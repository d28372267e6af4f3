/** Examples of one class that were taken for another. */
export interface ConfusedPair {
  /** Class ids. */
  readonly label: number;
  readonly prediction: number;
  readonly count: number;
  /** Share of the examples with this label. */
  readonly share: number;
}

/**
 * The pairs of classes that are confused most often, by count; of equals those of the lower class ids come first.
 * @param labels      `[n]`, class ids.
 * @param predictions `[n]`, likewise.
 * @param most        Pairs to return.
 */
export function confusedPairs(
  labels: readonly number[],
  predictions: readonly number[],
  most: number,
): readonly ConfusedPair[] {
  const support = new Map<number, number>();
  const pairs = new Map<string, { label: number; prediction: number; count: number }>();
  for (const [i, label] of labels.entries()) {
    support.set(label, (support.get(label) ?? 0) + 1);
    const prediction = predictions[i] as number;
    if (label === prediction) continue;
    const key = `${label} ${prediction}`;
    const pair = pairs.get(key);
    if (pair) pair.count++;
    else pairs.set(key, { label, prediction, count: 1 });
  }
  return [...pairs.values()]
    .sort((a, b) => b.count - a.count || a.label - b.label || a.prediction - b.prediction)
    .slice(0, most)
    .map((pair) => ({ ...pair, share: pair.count / (support.get(pair.label) as number) }));
}
