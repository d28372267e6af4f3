import type { Evaluated } from "./report.ts";

/**
 * Predictions of an evaluation beside the labels of the data, one entry an example, in the order of the data; rows that
 * were left out, as those without text, have none. An entry is
 *
 * - the id of a class for a label a text,
 * - the list of ids of its trained words, where words are labelled,
 * - the list of ids of its labels, ascending, for any number of labels a text,
 * - a value for regression, and the cosine and score of a pair of texts.
 */
export interface EvalPrediction<Entry = number | readonly number[]> {
  readonly predictions: readonly Entry[];
  readonly labels: readonly Entry[];
  /** Class names by id; empty where there are none. */
  readonly classes: readonly string[];
}

/** Predictions of a task whose scores have an entry an example. */
export const entriesOf = ({ predictions: { predictions, labels, classes = [] } }: Evaluated): EvalPrediction =>
  ({ predictions, labels, classes }) as EvalPrediction;

/** Predictions of a task whose scores have an entry a word. */
export function entriesOfWords({ predictions: columns }: Evaluated): EvalPrediction {
  const groups = new Map<unknown, number[]>();
  for (const [at, example] of (columns.examples ?? []).entries()) {
    const indices = groups.get(example);
    if (indices) indices.push(at);
    else groups.set(example, [at]);
  }
  const grouped = (column: readonly unknown[] = []): number[][] =>
    Array.from(groups.values(), (indices) => indices.map((at) => column[at] as number));
  const { predictions, labels, classes = [] } = columns;
  return { predictions: grouped(predictions), labels: grouped(labels), classes: classes as readonly string[] };
}
