/** The process that decodes a Parquet file: prints a JSON line for each row, and ends itself when it does not get on. */

import { printJsonLine, type StallWatch, watchStalls } from "#platform";
import { LowrankError, plainError } from "../errors.ts";
import type { ParquetLine } from "./parquet.ts";
import { MAX_ROW, parquetRows } from "./parquet-rows.ts";

/** Bytes of the file, and rows of a group times its columns, for which a second of processor time is enough several times over. */
const PER_SECOND = { bytes: 2 ** 23, cells: 2 ** 20 };

/** Most for the cells of a group, in seconds: a group of more would not fit into memory. */
const MAX_GROUP_SECONDS = 60;

const [path = "", seconds] = process.argv.slice(2);
const print = (line: ParquetLine): void => printJsonLine(line, MAX_ROW);
const fail = (error: unknown): void =>
  print({ kind: "error", error: plainError(error), typed: error instanceof LowrankError });

process.on("unhandledRejection", fail); // of a column that is decoded beside the one that is waited for
try {
  let watch: StallWatch | undefined;
  let free = Number(seconds);
  const rows = parquetRows(path, {
    onOpen(bytes) {
      free += bytes / PER_SECOND.bytes;
      watch = watchStalls({ kind: "stalled" } satisfies ParquetLine, free);
    },
    onGroup: (cells) => watch?.allow(free + Math.min(cells / PER_SECOND.cells, MAX_GROUP_SECONDS)),
    onNames: (names) => print({ kind: "names", names }),
    onPage: () => watch?.progressed(),
  });
  for await (const json of rows) {
    watch?.progressed();
    print({ kind: "row", json });
  }
} catch (error) {
  fail(error);
}
