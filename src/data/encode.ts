import { DataError } from "../errors.ts";

/** The examples of a split, and where the rows are that had no token to train on. */
export interface Encoded<Example> {
  readonly examples: readonly Example[];
  /** Places (`file:line`) of the rows left out. */
  readonly skipped: readonly string[];
  /** What a user should know of the others. */
  readonly warnings?: readonly string[];
}

/**
 * Encodes every row, leaving out those for which `encode` finds nothing to train on.
 * @throws {DataError} when nothing is left.
 */
export function encodeRows<R extends { readonly where: string }, Example>(
  rows: readonly R[],
  encode: (row: R) => Example | undefined,
): Encoded<Example> {
  const examples: Example[] = [];
  const skipped: string[] = [];
  for (const row of rows) {
    const example = encode(row);
    if (example) examples.push(example);
    else skipped.push(row.where);
  }
  if (examples.length > 0) return { examples, skipped };
  throw new DataError(`none of the ${rows.length} rows has anything to train on: every text is empty once tokenised`, {
    ...(skipped[0] && { where: skipped[0] }),
    hint: "text_column names the column to read.",
  });
}
