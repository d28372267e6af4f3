import { DataError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { parseJson } from "./json-text.ts";

/** One row of a data set: its columns, and where it was read (`file:line`) for error messages. */
export interface Row {
  readonly values: Readonly<Record<string, unknown>>;
  readonly where: string;
  /** Class names by id of the columns whose file names them, as `datasets` writes them into Parquet. */
  readonly classNames?: ClassNames;
}

/** Class names by id, by column. */
export type ClassNames = Readonly<Record<string, readonly string[]>>;

/** Rows that may be walked more than once. Those of a file are read anew each time: it may be larger than memory. */
export type Rows = Iterable<Row> | AsyncIterable<Row>;

/** The first `count` of rows, or as many as there are. */
export const firstRows = (rows: Rows, count: number): Rows => ({
  async *[Symbol.asyncIterator]() {
    let left = count;
    for await (const row of rows) {
      if (left-- <= 0) return;
      yield row;
    }
  },
});

/** Options for reading a data set's files. */
export interface ReadOptions {
  /** The character between the columns of a table (`.csv`, `.tsv`, `.txt`); default: a tab in `.tsv` files, else a comma. */
  readonly delimiter?: string | undefined;
}

/** A data format's reader: every row of a file with its place, one at a time. */
export type ReadRows = (path: string, options?: ReadOptions) => AsyncIterable<Row>;

/**
 * The value of a row under the first of `names` that it has.
 *
 * @param option The recipe key that names the column, for the hint.
 * @throws {DataError} when the row has none of them; the message lists the columns it has.
 */
export function column(row: Row, names: readonly [string, ...string[]], option: string): unknown {
  const found = names.find((name) => Object.hasOwn(row.values, name));
  if (found !== undefined) return row.values[found];
  const has = Object.keys(row.values);
  throw new DataError(`this row has no column "${names[0]}"`, {
    where: row.where,
    expected: has.length > 0 ? `one of its columns: ${has.join(", ")}` : "a row with columns, but this one is empty",
    hint: `set ${option} to the column to read, e.g. ${option}: ${nearest(names[0], has) ?? has[0] ?? names[0]}.`,
  });
}

/**
 * Parses the JSON text of one row.
 * @throws {DataError} with `where` when it is malformed or not an object.
 */
export function parseRow(text: string, where: string, hint: string): Row {
  let values: unknown;
  try {
    values = parseJson(text.trim());
  } catch (cause) {
    if (cause instanceof RangeError) throw new DataError(`this row cannot be read: ${cause.message}`, { where, cause });
    throw new DataError(`malformed JSON: ${(cause as Error).message}`, { where, hint, cause });
  }
  if (typeof values === "object" && values !== null && !Array.isArray(values)) {
    return { values: values as Record<string, unknown>, where };
  }
  throw new DataError(`a row must be a JSON object, got ${text.trim().slice(0, 40)}`, {
    where,
    expected: `an object of columns such as {"text": "…", "label": "…"}`,
  });
}
