import { DataError } from "../errors.ts";
import { type ClassScores, classScoresOf } from "./classification.ts";

/** Scores of texts that may have several labels, all from 0 to 1. */
export interface MultiLabelReport {
  /** Share of the texts whose labels are all right, and no others predicted. */
  readonly accuracy: number;
  /** F1 over all decisions. */
  readonly microF1: number;
  /** Mean F1 of the classes. */
  readonly macroF1: number;
  /** Mean F1 of the classes, by support. */
  readonly weightedF1: number;
  /** Mean over texts of the F1 of a text's labels. */
  readonly samplesF1: number;
  /** One entry a class, in the order of `classes`. */
  readonly classes: readonly ClassScores[];
}

const f1 = (hits: number, size: number): number => (size === 0 ? 0 : (2 * hits) / size);

/**
 * Compares predicted with true labels, as scikit-learn's `f1_score` of indicator matrices with `zero_division=0`.
 *
 * @param labels      `[n][…]`, indices into `classes` of each text.
 * @param predictions `[n][…]`, likewise.
 * @throws {DataError} without texts.
 */
export function multiLabelReport(
  labels: readonly (readonly number[])[],
  predictions: readonly (readonly number[])[],
  classes: readonly string[],
): MultiLabelReport {
  if (labels.length === 0) throw new DataError("There are no examples to score.");
  const [support, predicted, correct] = [0, 1, 2].map(() => new Uint32Array(classes.length)) as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ];
  let [exact, samples] = [0, 0];
  for (const [i, own] of labels.entries()) {
    const found = predictions[i] as readonly number[];
    const hits = own.filter((label) => found.includes(label));
    for (const label of own) support[label]!++;
    for (const label of found) predicted[label]!++;
    for (const label of hits) correct[label]!++;
    if (hits.length === own.length && hits.length === found.length) exact++;
    samples += f1(hits.length, own.length + found.length);
  }
  const total = (counts: Uint32Array): number => counts.reduce((sum, n) => sum + n, 0);
  const scores = classes.map((name, c) => classScoresOf(name, correct[c]!, predicted[c]!, support[c]!));
  return {
    accuracy: exact / labels.length,
    microF1: f1(total(correct), total(support) + total(predicted)),
    macroF1: scores.reduce((sum, { f1 }) => sum + f1, 0) / classes.length,
    weightedF1: scores.reduce((sum, { f1, support }) => sum + f1 * support, 0) / Math.max(1, total(support)),
    samplesF1: samples / labels.length,
    classes: scores,
  };
}

/** Threshold of a model that none was chosen for. */
export const DEFAULT_THRESHOLD = 0.5;

/**
 * The probability from which on a label is predicted, chosen for the best micro F1: halfway between two neighbours, of equal
 * F1 the highest.
 *
 * @param probabilities Of every text and class, in any order.
 * @param isLabel Whether the class at the same place is a label of the text.
 */
export function bestThreshold(probabilities: readonly number[], isLabel: readonly boolean[]): number {
  const order = [...probabilities.keys()].sort((a, b) => (probabilities[b] as number) - (probabilities[a] as number));
  const support = isLabel.filter(Boolean).length;
  let [hits, best, threshold] = [0, 0, DEFAULT_THRESHOLD];
  for (const [rank, at] of order.entries()) {
    if (isLabel[at]) hits++;
    const next = order[rank + 1];
    const [here, below] = [probabilities[at] as number, next === undefined ? 0 : (probabilities[next] as number)];
    const score = f1(hits, support + rank + 1);
    if (here === below || score <= best) continue;
    [best, threshold] = [score, (here + below) / 2];
  }
  return threshold;
}
