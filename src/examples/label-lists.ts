import { column, type Row } from "../data/row.ts";
import { SourceNumber } from "../data/source-number.ts";
import { DataError } from "../errors.ts";
import { asLabel, asText, type Columns } from "./classification.ts";
import type { Label, Labels } from "./labels.ts";

/** A text and all its labels, as the data has them. */
export interface LabelsRow {
  readonly text: string;
  /** Names or ids of its classes; of a vector a 0 or 1 for each class. */
  readonly labels: readonly Label[];
  readonly kind: "list" | "vector" | "either";
  readonly where: string;
}

/** Columns of lists of labels, where the recipe names no other. */
export const LABEL_LISTS = ["label", "labels"] as const;

/**
 * Picks and checks text and labels of a row.
 * @throws {DataError} when the row lacks a column or holds something else in it.
 */
export function labelsRow(row: Row, { textColumn, labelColumn }: Columns): LabelsRow {
  const value = column(row, labelColumn === LABEL_LISTS[0] ? LABEL_LISTS : [labelColumn], "label_column");
  if (!Array.isArray(value)) {
    throw new DataError(`the column "${labelColumn}" holds ${String(JSON.stringify(value)).slice(0, 60)}`, {
      where: row.where,
      expected: 'a list of labels such as ["urgent", "billing"], or a list of one 0 or 1 for each class',
      hint: "for one label for each text, set problem_type: single_label_classification.",
    });
  }
  return {
    text: asText(column(row, [textColumn], "text_column"), textColumn, row.where),
    labels: value.map((label) => asLabel(typeof label === "boolean" ? Number(label) : label, labelColumn, row.where)),
    kind: kindOf(value),
    where: row.where,
  };
}

/**
 * True of a list that can only be a vector of zeros and ones: it holds floats or booleans, or repeats a number, as no list of ids
 * does. `[0, 1]` may be either: the other rows of the split say.
 */
function kindOf(values: readonly unknown[]): LabelsRow["kind"] {
  const isBit = values.map((value) => typeof value === "boolean" || Number(value) === 0 || Number(value) === 1);
  const isNumber = values.every((value) => typeof value !== "string");
  if (values.length === 0 || !isNumber || isBit.includes(false)) return values.length === 0 ? "either" : "list";
  const isFloat = values.some((value) => typeof value === "boolean" || value instanceof SourceNumber);
  if (isFloat || new Set(values.map(Number)).size < values.length) return "vector";
  return "either";
}

/**
 * Targets of a row: 1 for each of its classes.
 * @param vectors True where the rows of the split are vectors.
 * @throws {DataError} for a label that training never saw, or a vector of another length than there are classes.
 */
export function targetsOf({ labels: given, where }: LabelsRow, vectors: boolean, labels: Labels): Float32Array {
  const targets = new Float32Array(labels.names.length);
  if (!vectors) for (const label of given) targets[labels.idOf(label, where)] = 1;
  else if (given.length === targets.length) targets.set(given.map(Number));
  else {
    throw new DataError(`this row has ${given.length} zeros and ones, but there are ${targets.length} classes`, {
      where,
      expected: "a 0 or 1 for each class, in every row",
    });
  }
  return targets;
}
