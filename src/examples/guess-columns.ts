import type { Row } from "../data/row.ts";
import type { Columns } from "./classification.ts";
import { USUAL } from "./tokens.ts";

/** Names by which a label is known where the data does not call it `label`. */
const LABELS = ["label", "labels", "class", "category", "target", "intent", "sentiment", "topic", "type", "y"];

/** The column of texts: `text`, else the one of the longest strings. `undefined` when no column holds strings only. */
export function guessText(rows: readonly Row[]): string | undefined {
  const texts = columnsOf(rows).filter((name) => valuesOf(rows, name).every((value) => typeof value === "string"));
  if (texts.includes("text")) return "text";
  const length = (name: string): number => valuesOf(rows, name).reduce<number>((sum, v) => sum + String(v).length, 0);
  return texts.toSorted((a, b) => length(b) - length(a))[0];
}

/**
 * The column of labels beside that of texts: one of a usual name, else the only one whose values are names or integers
 * that come back from row to row. `undefined` when there is none, or several.
 */
export function guessLabel(rows: readonly Row[], text: string): string | undefined {
  const scalars = columnsOf(rows).filter(
    (name) => name !== text && valuesOf(rows, name).every((v) => typeof v === "string" || Number.isInteger(v)),
  );
  const usual = LABELS.find((name) => scalars.includes(name));
  if (usual !== undefined) return usual;
  const repeated = scalars.filter((name) => 2 * new Set(valuesOf(rows, name)).size <= rows.length);
  return repeated.length === 1 ? repeated[0] : undefined;
}

/** The columns of words and their tags, by their usual names. `undefined` when there are none such. */
export function guessWords(rows: readonly Row[], given: Partial<Columns> = {}): Columns | undefined {
  const lists = columnsOf(rows).filter((name) => valuesOf(rows, name).every(Array.isArray));
  const find = (name: string | undefined, usual: readonly string[]): string | undefined =>
    (name === undefined ? usual : [name]).find((each) => lists.includes(each));
  const textColumn = find(given.textColumn, ["text", ...USUAL.text]);
  const labelColumn = find(given.labelColumn, ["label", ...USUAL.label]);
  return textColumn !== undefined && labelColumn !== undefined ? { textColumn, labelColumn } : undefined;
}

/** The column of whole texts, given or guessed; `undefined` where the rows are lists of words and tags. */
export const guessWholeText = (rows: readonly Row[], given: Partial<Columns> = {}): string | undefined =>
  guessWords(rows, given) ? undefined : (given.textColumn ?? guessText(rows));

/** The columns that every row has. */
export const columnsOf = (rows: readonly Row[]): string[] =>
  Object.keys(rows[0]?.values ?? {}).filter((name) => rows.every(({ values }) => Object.hasOwn(values, name)));

const valuesOf = (rows: readonly Row[], name: string): unknown[] => rows.map(({ values }) => values[name]);
