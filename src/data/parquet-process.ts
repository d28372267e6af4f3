/** The process that decodes a Parquet file: prints a JSON line for each row, and for each page, so that it is seen to go on. */

import { printJsonLine } from "#platform";
import { LowrankError, plainError } from "../errors.ts";
import type { ParquetLine } from "./parquet.ts";
import { MAX_ROW, parquetRows } from "./parquet-rows.ts";

const print = (line: ParquetLine): void => printJsonLine(line, MAX_ROW);

try {
  print({ kind: "page" }); // the process has started: from here on it is to go on
  const rows = parquetRows(process.argv[2] as string, {
    onNames: (names) => print({ kind: "names", names }),
    onPage: () => print({ kind: "page" }),
  });
  for await (const json of rows) print({ kind: "row", json });
} catch (error) {
  print({ kind: "error", error: plainError(error), typed: error instanceof LowrankError });
}
