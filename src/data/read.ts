import { DataError } from "../errors.ts";
import { hintFor } from "./other-formats.ts";
import type { ReadOptions, ReadRows, Row } from "./row.ts";
import { FORMATS, fileName, findSplits, isDataFile, nameParts } from "./splits.ts";

export { findSplits, isDataFile, isTable } from "./splits.ts";

/** One reader a format, loaded when a file asks for it: a run on JSON Lines never loads Parquet's reader. */
const READERS: Record<string, () => Promise<ReadRows>> = {
  jsonl: async () => (await import("./jsonl.ts")).readJsonl,
  json: async () => (await import("./json.ts")).readJson,
  csv: async () => (await import("./csv.ts")).readCsv,
  tsv: async () => (await import("./csv.ts")).readCsv,
  txt: async () => (await import("./csv.ts")).readCsv,
  parquet: async () => {
    const { readParquet } = await import("./parquet.ts");
    return (path) => readParquet(path);
  },
};

/**
 * The rows of one split, read from its files, one after the other, whenever they are walked.
 *
 * @param dataset A file, or a folder with files for each split.
 * @throws {DataError} when the split is missing; while it is walked, when a row is malformed (with `file:line`) or there
 *   is none.
 */
export async function readRows(dataset: string, split: string, options: ReadOptions = {}): Promise<AsyncIterable<Row>> {
  const splits = await findSplits(dataset, options);
  const paths = splits.get(split);
  if (paths === undefined) {
    const has = [...splits]
      .map(([name, files]) => `${name} (${fileName(files[0] as string)}${more(files)})`)
      .join(", ");
    throw new DataError(`the data set ${dataset} has no split "${split}"`, {
      expected: `one of its splits: ${has}`,
      hint: "set dataset_train_split, dataset_validation_split and dataset_test_split to the splits to read.",
    });
  }
  const files = await Promise.all(paths.map(async (path) => ({ path, read: await readerOf(path, options) })));
  return { [Symbol.asyncIterator]: () => inSequence(files, options) };
}

async function readerOf(path: string, options: ReadOptions): Promise<ReadRows> {
  const { format } = nameParts(path);
  const reader = isDataFile(path, options) ? READERS[format] : undefined;
  if (!reader) {
    throw new DataError(`cannot tell the format of ${path}`, {
      expected: `a file ending in ${FORMATS}`,
      ...hintFor([path]),
    });
  }
  return reader();
}

/** Rows of several files. @throws {DataError} when none has any. */
async function* inSequence(
  files: readonly { path: string; read: ReadRows }[],
  options: ReadOptions,
): AsyncGenerator<Row, void, undefined> {
  let none = true;
  for (const { path, read } of files) {
    for await (const row of read(path, options)) {
      none = false;
      yield row;
    }
  }
  const where = files.map(({ path }) => path)[0] as string;
  if (none) throw new DataError("this file contains no rows", { where, expected: "at least one row of data" });
}

const more = (files: readonly string[]): string => (files.length > 1 ? ` and ${files.length - 1} more` : "");
