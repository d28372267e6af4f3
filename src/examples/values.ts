import { column, type Row } from "../data/row.ts";
import { SourceNumber } from "../data/source-number.ts";
import { DataError } from "../errors.ts";
import { asText, type Columns } from "./classification.ts";

/** A text and its value, as the data has them. */
export interface ValueRow {
  readonly text: string;
  readonly value: number;
  readonly where: string;
}

/** Columns of values, where the recipe names no other. */
const VALUES = ["label", "labels"] as const;

/** Decimal notation of a number. */
const DECIMAL = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

/**
 * Picks and checks text and value of a row.
 * @throws {DataError} when the row lacks a column, or its value is no finite number of float32.
 */
export function valueRow(row: Row, { textColumn, labelColumn }: Columns): ValueRow {
  const given = column(row, labelColumn === VALUES[0] ? VALUES : [labelColumn], "label_column");
  const value = numberOf(given);
  if (value === undefined || !Number.isFinite(Math.fround(value))) {
    throw new DataError(`the column "${labelColumn}" holds ${String(JSON.stringify(given)).slice(0, 60)}`, {
      where: row.where,
      expected: "a number, in every row",
      hint: "for class names, set problem_type: single_label_classification.",
    });
  }
  return { text: asText(column(row, [textColumn], "text_column"), textColumn, row.where), value, where: row.where };
}

function numberOf(given: unknown): number | undefined {
  if (typeof given === "number" || given instanceof SourceNumber) return given.valueOf();
  return typeof given === "string" && DECIMAL.test(given) ? Number(given) : undefined; // CSV: every decimal is a string
}

/** True of numbers that are not all whole: values, not ids of classes. Texts are names, also those of digits. */
export function areValues(labels: readonly unknown[]): boolean {
  const isNumber = (label: unknown): label is number | SourceNumber =>
    typeof label === "number" || label instanceof SourceNumber;
  return labels.every(isNumber) && labels.some((label) => !Number.isInteger(label.valueOf()));
}
