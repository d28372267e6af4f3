import { type Encoded, encodeRows } from "../../data/encode.ts";
import type { Labelled } from "../../data/labels.ts";
import { DataError } from "../../errors.ts";
import type { Encoding, Example, Split } from "./definition.ts";

/** A split of labelled rows, tokenised one by one. @param encode `undefined` for a row with nothing to train on. */
export function labelledSplit<R extends { readonly where: string }>(
  rows: readonly R[],
  labels: readonly Labelled[],
  encode: (row: R, encoding: Encoding) => Example | undefined,
): Split {
  return {
    ...splitOf(rows, (rows, encoding) => encodeRows(rows, (row) => encode(row, encoding))),
    labels,
  };
}

/** A split of rows without labels. @param encode Throws a `DataError` when no row has anything to train on. */
export function splitOf<R>(
  rows: readonly R[],
  encode: (rows: readonly R[], encoding: Encoding) => Encoded<Example>,
): Split {
  const has = (row: R, encoding: Encoding): boolean => {
    try {
      return encode([row], encoding).examples.length > 0;
    } catch (error) {
      if (error instanceof DataError) return false;
      throw error;
    }
  };
  return {
    labels: [],
    size: rows.length,
    encode: (encoding) => encode(rows, encoding),
    check(encoding) {
      if (!rows.some((row) => has(row, encoding))) encode(rows, encoding);
    },
  };
}
