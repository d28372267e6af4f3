import { column, type Row } from "../data/row.ts";
import { numberText, SourceNumber } from "../data/source-number.ts";
import { DataError } from "../errors.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { Label, Labels } from "./labels.ts";

/** The columns that a classification task reads: `text_column` and `label_column`. */
export interface Columns {
  readonly textColumn: string;
  readonly labelColumn: string;
}

/** A text and its class, as the data has them. */
export interface TextRow {
  readonly text: string;
  readonly label: Label;
  readonly where: string;
}

/** A text and its class, as the model has them. */
export interface TextExample {
  readonly ids: Int32Array;
  readonly label: number;
  readonly where: string;
}

/**
 * Picks and checks text and label of a row; cheap, so that bad rows are refused before anything is tokenised.
 * @throws {DataError} when the row lacks a column or holds something else in it.
 */
export function textRow(row: Row, { textColumn, labelColumn }: Columns): TextRow {
  return {
    text: asText(column(row, [textColumn], "text_column"), textColumn, row.where),
    label: asLabel(column(row, [labelColumn], "label_column"), labelColumn, row.where),
    where: row.where,
  };
}

/**
 * Tokenises one row; a row at a time, so that training can start before the last one is read.
 *
 * @returns `undefined` for a text that has no tokens of its own.
 * @throws {DataError} when the label was never seen in training.
 */
export function encodeText(
  row: TextRow,
  tokenizer: Tokenizer,
  labels: Labels,
  maxLength: number,
): TextExample | undefined {
  const label = labels.idOf(row.label, row.where);
  const { ids, specials } = tokenizer.encode(row.text, { maxLength });
  return ids.length > specials ? { ids: Int32Array.from(ids), label, where: row.where } : undefined;
}

/** A class name or number (also `1.0`); an empty cell, booleans, fractions and integers that a number cannot hold exactly are refused. */
export function asLabel(given: unknown, name: string, where: string): Label {
  const value = given instanceof SourceNumber ? given.valueOf() : given;
  if (value === "") {
    throw new DataError(`the column "${name}" is empty here`, {
      where,
      expected: "a label: an integer or a string",
      hint: "add the label, or remove the row.",
    });
  }
  if (typeof value === "string" || Number.isSafeInteger(value)) return value as Label;
  throw new DataError(`the column "${name}" holds ${given instanceof SourceNumber ? given : JSON.stringify(value)}`, {
    where,
    expected: "a label: an integer or a string",
    hint: HINTS[Array.isArray(value) ? "list" : typeof value] ?? "set label_column to the column to read.",
  });
}

const HINTS: Readonly<Record<string, string>> = {
  list: "for a list of labels for each text, set problem_type: multi_label_classification.",
  boolean: "write true and false as 1 and 0, or in quotes as class names, the same in every file.",
  number: "write the number in quotes to use it as a class name; to predict numbers, set problem_type: regression.",
};

/** A text, or the digits of a number. @throws {DataError} for anything else. */
export function asText(value: unknown, name: string, where: string): string {
  if (typeof value === "string") return value;
  const digits = numberText(value); // a column of numbers
  if (digits !== undefined) return digits;
  throw new DataError(`the column "${name}" holds ${JSON.stringify(value)?.slice(0, 60)}`, {
    where,
    expected: "a text",
    hint: "set text_column to the column to read.",
  });
}
