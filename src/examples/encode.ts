import { DataError } from "../errors.ts";
import { type Example, ExampleStore, type Examples } from "./examples.ts";

/** Places (`file:line`) of rows: how many there are, and the first. */
export class RowCount {
  count = 0;
  first: string | undefined;

  add(where: string): void {
    this.count++;
    this.first ??= where;
  }
}

/** The examples of a split, and where the rows are that had no token to train on. */
export interface Encoded {
  readonly examples: Examples;
  /** The rows left out. */
  readonly skipped: RowCount;
  /** Warnings about the encoded rows. */
  readonly warnings?: readonly string[];
}

/** Tokenises the rows of a split one by one. */
export interface Encoder<R> {
  /** @throws {DataError} for a row that cannot be tokenised, or has a label that training never saw. */
  add(row: R): void;
  /** The encoded examples. @throws {DataError} when that is nothing. */
  finish(): Encoded;
}

/** An encoder that leaves out the rows for which `encode` finds nothing to train on. */
export function rowEncoder<R extends { readonly where: string }>(encode: (row: R) => readonly Example[]): Encoder<R> {
  const examples = new ExampleStore();
  const skipped = new RowCount();
  return {
    add(row) {
      const found = encode(row);
      for (const example of found) examples.add(example);
      if (found.length === 0) skipped.add(row.where);
    },
    finish() {
      if (examples.length > 0) return { examples, skipped };
      throw new DataError(
        `none of the ${skipped.count} rows has anything to train on: every text is empty after tokenizing`,
        { ...(skipped.first && { where: skipped.first }), hint: "set text_column to the column to read." },
      );
    },
  };
}
