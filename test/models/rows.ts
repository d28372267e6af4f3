import type { Tensor } from "../../src/ir/types.ts";
import type { TaskType } from "../../src/task-types/index.ts";

/** Classes of the random rows. */
export const LABELS = 3;

/** Rows of token ids of different lengths, and a label for each row, or a list of labels for each of its tokens. */
export interface Rows {
  readonly ids: readonly (readonly number[])[];
  readonly labels: readonly (number | readonly number[])[];
}

/** Whether a task reads logits of chosen rows only, those with a label. */
export const isLanguage = (task: TaskType): boolean => task.endsWith("_LM");

/** Three rows, the longest first; the padding's id also stands among the real tokens. */
export function randomRows(task: TaskType, vocab: number): Rows {
  const ids = [9, 4, 6].map((length, row) => Array.from({ length }, (_, i) => (5 * row + 3 * i + 1) % vocab));
  const labelOf = (row: readonly number[], i: number, j: number): number => {
    if (task === "CAUSAL_LM") return row[j + 1] ?? -100;
    if (task === "MASKED_LM") return j % 3 === 0 ? (row[j]! + 1) % vocab : -100;
    return (i + j) % LABELS;
  };
  const labels = ids.map((row, i) => (task === "SEQ_CLS" ? i % LABELS : row.map((_, j) => labelOf(row, i, j))));
  return { ids, labels };
}

/** Inputs and labels as tensors, padded on the right; token types count through `types`. */
export function collate(task: TaskType, { ids, labels }: Rows, pad: number, types = 1): Record<string, Tensor> {
  const seq = Math.max(...ids.map((row) => row.length));
  const padded = (row: readonly number[], fill: number): number[] => [...row, ...Array(seq - row.length).fill(fill)];
  const input = (entry: (id: number, i: number) => number, fill: number): Tensor => ({
    data: Float64Array.from(ids.flatMap((row) => padded(row.map(entry), fill))),
    shape: [ids.length, seq],
  });
  const targets = labels.flatMap((label) => (typeof label === "number" ? [label] : padded(label, -100)));
  const asked = isLanguage(task) ? [...targets.keys()].filter((at) => targets[at] !== -100) : [...targets.keys()];
  return {
    input_ids: input((id) => id, pad),
    attention_mask: input(() => 1, 0),
    token_type_ids: input((_, i) => i % types, 0),
    position_ids: input((_, i) => i, 0),
    label_rows: vector(asked),
    labels: vector(asked.map((at) => targets[at]!)),
  };
}

/** Numbers as a tensor of one axis. */
export const vector = (values: readonly number[]): Tensor => ({
  data: Float64Array.from(values),
  shape: [values.length],
});
