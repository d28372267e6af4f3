import { DataError } from "../errors.ts";
import { exists, isFolder, listFolder } from "../platform/node.ts";
import type { ReadRows, Row } from "./row.ts";

/** One reader a format, loaded when a file asks for it: a run on JSON Lines never loads Parquet's decompressors. */
const READERS: Record<string, () => Promise<ReadRows>> = {
  jsonl: async () => (await import("./jsonl.ts")).readJsonl,
  json: async () => (await import("./json.ts")).readJson,
  csv: async () => (await import("./csv.ts")).readCsv,
  parquet: async () => (await import("./parquet.ts")).readParquet,
};

const FORMATS = ".jsonl, .json, .csv or .parquet, each also with .gz";
const ALIASES = new Map([["validation", "dev"], ["dev", "validation"]]); // biome-ignore format: a table

/**
 * The files of a data set by split: a folder's data files by their names (`train.jsonl.gz` is `train`), `validation`
 * and `dev` standing for each other; a single file is the split `train`.
 * @throws {DataError} when the data set is missing, holds no data file, or has two files for one split.
 */
export async function findSplits(dataset: string): Promise<Map<string, string>> {
  if (!(await exists(dataset))) throw await missing(dataset);
  if (!(await isFolder(dataset))) return new Map([["train", dataset]]);

  const listing = (await listFolder(dataset)).toSorted();
  const splits = new Map<string, string>();
  for (const name of listing) {
    const { stem, format } = parts(name);
    if (!Object.hasOwn(READERS, format)) continue;
    const other = splits.get(stem);
    if (other) {
      throw new DataError(`${dataset} has two files for the split "${stem}": ${fileName(other)} and ${name}`, {
        hint: "keep one of them, or name the file itself as dataset_name.",
      });
    }
    splits.set(stem, join(dataset, name));
  }
  if (splits.size === 0) {
    throw new DataError(`the folder ${dataset} holds no data file`, {
      expected: `train, validation and test files (${FORMATS}); it has: ${listing.join(", ") || "nothing"}`,
    });
  }
  for (const [name, alias] of ALIASES) {
    const path = splits.get(alias);
    if (path && !splits.has(name)) splits.set(name, path);
  }
  return splits;
}

/** Whether a file's name ends as one of the formats that have rows. */
export const isDataFile = (path: string): boolean => Object.hasOwn(READERS, parts(path).format);

/**
 * The rows of one split, read from its file whenever they are walked.
 *
 * @param dataset A file, or a folder with a file a split.
 * @throws {DataError} when the split is missing; while it is walked, when a row is malformed (with `file:line`) or there
 *   is none.
 */
export async function readRows(dataset: string, split: string): Promise<AsyncIterable<Row>> {
  const splits = await findSplits(dataset);
  const path = splits.get(split);
  if (path === undefined) {
    const has = [...splits].map(([name, file]) => `${name} (${fileName(file)})`).join(", ");
    throw new DataError(`the data set ${dataset} has no split "${split}"`, {
      expected: `one that it has: ${has}`,
      hint: "dataset_train_split, dataset_validation_split and dataset_test_split name the splits to read.",
    });
  }
  const { format } = parts(path);
  const reader = Object.hasOwn(READERS, format) ? READERS[format] : undefined;
  if (!reader) throw new DataError(`cannot tell the format of ${path}`, { expected: `a file ending in ${FORMATS}` });
  const read = await reader();
  return { [Symbol.asyncIterator]: () => orEmpty(read(path), path) };
}

async function* orEmpty(rows: AsyncIterable<Row>, path: string): AsyncGenerator<Row, void, undefined> {
  let none = true;
  for await (const row of rows) {
    none = false;
    yield row;
  }
  if (none) throw new DataError("this file holds no rows", { where: path, expected: "at least one row of data" });
}

async function missing(dataset: string): Promise<DataError> {
  const folder = dataset.replace(/[/\\]+$/, "").replace(/[^/\\]*$/, "") || ".";
  const nearby = (await isFolder(folder)) ? (await listFolder(folder)).toSorted().slice(0, 20) : [];
  return new DataError(`the data set ${dataset} does not exist`, {
    expected: `a file (${FORMATS}) or a folder with train, validation and test files`,
    ...(nearby.length > 0 && { hint: `${folder} holds: ${nearby.join(", ")}` }),
  });
}

const join = (folder: string, name: string): string => `${folder.replace(/[/\\]+$/, "")}/${name}`;
const fileName = (path: string): string => path.replace(/^.*[/\\]/, "");

/** `data/train.jsonl.gz` → stem `train`, format `jsonl`. */
function parts(path: string): { stem: string; format: string } {
  const [, stem = "", format = ""] = /^(.+)\.([a-z]+)$/i.exec(fileName(path).replace(/\.gz$/i, "")) ?? [];
  return { stem, format: format.toLowerCase() };
}
