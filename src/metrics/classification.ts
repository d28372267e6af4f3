import { DataError } from "../errors.ts";

/** Scores of one class. A share of nothing (no such prediction, no such label) counts as 0. */
export interface ClassScores {
  readonly class: string;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Examples labelled so. */
  readonly support: number;
}

/** Single-label classification scores, all from 0 to 1. */
export interface ClassificationReport {
  readonly accuracy: number;
  /** F1 over all decisions; with one label an example this is the accuracy. */
  readonly microF1: number;
  /** Mean F1 of the classes that occur among labels or predictions. */
  readonly macroF1: number;
  /** Mean F1 of the classes, by support. */
  readonly weightedF1: number;
  /** One entry a class, in the order of `classes`. */
  readonly classes: readonly ClassScores[];
}

/**
 * Compares predicted with true classes, as scikit-learn's `classification_report` with `zero_division=0`.
 *
 * @param labels      `[n]`, indices into `classes`.
 * @param predictions `[n]`, likewise.
 * @throws {DataError} without examples, on different lengths, or on an index that is not a class.
 */
export function classificationReport(
  labels: Int32Array,
  predictions: Int32Array,
  classes: readonly string[],
): ClassificationReport {
  checkIndices(labels, predictions, classes.length);
  const support = new Uint32Array(classes.length);
  const predicted = new Uint32Array(classes.length);
  const correct = new Uint32Array(classes.length);
  let hits = 0;
  for (let i = 0; i < labels.length; i++) {
    support[labels[i]!]!++;
    predicted[predictions[i]!]!++;
    if (labels[i] !== predictions[i]) continue;
    correct[labels[i]!]!++;
    hits++;
  }
  const scores = classes.map((name, c) => classScoresOf(name, correct[c]!, predicted[c]!, support[c]!));
  const present = scores.filter((_, c) => support[c]! + predicted[c]! > 0);
  const accuracy = hits / labels.length;
  return {
    accuracy,
    microF1: accuracy,
    macroF1: present.reduce((sum, { f1 }) => sum + f1, 0) / present.length,
    weightedF1: present.reduce((sum, { f1, support }) => sum + f1 * support, 0) / labels.length,
    classes: scores,
  };
}

/** Precision, recall and F1 of a class from its counts. */
export function classScoresOf(name: string, correct: number, predicted: number, support: number): ClassScores {
  const share = (of: number) => (of === 0 ? 0 : correct / of);
  return {
    class: name,
    precision: share(predicted),
    recall: share(support),
    f1: share((predicted + support) / 2),
    support,
  };
}

function checkIndices(labels: Int32Array, predictions: Int32Array, classes: number): void {
  if (labels.length === 0) throw new DataError("There are no examples to score.");
  if (labels.length !== predictions.length) {
    throw new DataError(`There are ${labels.length} labels but ${predictions.length} predictions.`);
  }
  for (const [what, indices] of [
    ["label", labels],
    ["prediction", predictions],
  ] as const) {
    const at = indices.findIndex((index) => index < 0 || index >= classes);
    if (at < 0) continue;
    throw new DataError(`The ${what} ${indices[at]} is not a class.`, {
      where: `example ${at}`,
      expected: `an index from 0 to ${classes - 1}`,
    });
  }
}
