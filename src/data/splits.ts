import { exists, isFolder, listFolder } from "#platform";
import { DataError } from "../errors.ts";
import { hintFor } from "./other-formats.ts";
import type { ReadOptions } from "./row.ts";

/** Endings of data files. */
const FORMAT_NAMES: readonly string[] = ["jsonl", "json", "csv", "tsv", "parquet"];

/** The formats, for messages. */
export const FORMATS = ".jsonl, .json, .csv, .tsv or .parquet, each also with .gz";

const ALIASES = new Map([["validation", "dev"], ["dev", "validation"]]); // biome-ignore format: a table

/** Names that a split's shards, or its folder, go by. */
const KEYWORDS: readonly string[] = ["train", "validation", "dev", "test"];

/** A shard among others: `train-00000-of-00002`. */
const NUMBERED = /^(.+)-(\d{5})-of-(\d{5})$/;

/** A shard of a split under one of the usual names: `train-a`, `train_1`, `validation.part2`. */
const LABELLED = new RegExp(`^(${KEYWORDS.join("|")})[-_.].+$`);

/**
 * The files of a data set by split, as Hugging Face `datasets` finds them: a folder's data files by their names
 * (`train.jsonl.gz` is `train`), several shards of one split in the order of their names (`train-00000-of-00002.parquet`,
 * `train-a.jsonl`, all files in `train/`), also in a folder `data`. `validation` and `dev` stand for each other; a single file
 * is the split `train`. A `.txt` file counts where a delimiter is given, which makes it a table.
 * @throws {DataError} when the data set is missing, holds no data file, has two files for one split or lacks a shard.
 */
export async function findSplits(dataset: string, options: ReadOptions = {}): Promise<Map<string, readonly string[]>> {
  if (!(await exists(dataset))) throw await missing(dataset);
  if (!(await isFolder(dataset))) return new Map([["train", [dataset]]]);
  const inner = join(dataset, "data");
  const [splits, below] = [
    await splitsOf(dataset, options),
    (await isFolder(inner)) ? await splitsOf(inner, options) : undefined,
  ];
  const found = splits.size > 0 ? splits : (below ?? splits);
  if (found.size === 0) {
    const names = await listFolder(dataset);
    throw new DataError(`the folder ${dataset} contains no data file`, {
      expected: `train, validation and test files (${FORMATS}); it has: ${names.join(", ") || "nothing"}`,
      ...hintFor(names),
    });
  }
  for (const [name, alias] of ALIASES) {
    const paths = found.get(alias);
    if (paths && !found.has(name)) found.set(name, paths);
  }
  return found;
}

/** True when a file's name ends as one of the formats that have rows; with a delimiter, `.txt` is one. */
export function isDataFile(path: string, { delimiter }: ReadOptions = {}): boolean {
  const { format } = nameParts(path);
  return FORMAT_NAMES.includes(format) || (format === "txt" && delimiter !== undefined);
}

/** True when a file's name ends as one of those whose columns a character separates. */
export const isTable = (path: string): boolean => ["csv", "tsv", "txt"].includes(nameParts(path).format);

async function splitsOf(folder: string, options: ReadOptions): Promise<Map<string, readonly string[]>> {
  const listing = await listFolder(folder);
  const stems = new Map<string, string>();
  for (const name of listing) {
    if (!isDataFile(name, options)) continue;
    const { stem } = nameParts(name);
    const other = stems.get(stem);
    if (other !== undefined) {
      throw new DataError(`${folder} has two files for the split "${stem}": ${other} and ${name}`, {
        hint: "remove one of them, or set dataset_name to the file itself.",
      });
    }
    stems.set(stem, name);
  }
  const splits = new Map<string, readonly string[]>();
  for (const [split, shards] of shardsOf(stems)) splits.set(split, shards.map((name) => join(folder, name))); // biome-ignore format: one line
  for (const [stem, name] of stems) if (!NUMBERED.test(stem)) splits.set(stem, [join(folder, name)]);
  for (const split of KEYWORDS.filter((name) => listing.includes(name) && !splits.has(name))) {
    const shards = join(folder, split);
    const names = (await isFolder(shards)) ? await listFolder(shards) : [];
    const files = names.filter((name) => isDataFile(name, options));
    if (files.length > 0) splits.set(split, files.map((name) => join(shards, name))); // biome-ignore format: one line
  }
  return splits;
}

/** The split that a file's name says it is of, where it is one of the usual names: `train` of `data/train-00000-of-00002.parquet`. */
export function splitOf(path: string): string | undefined {
  const { stem } = nameParts(path);
  const folder = path.split("/").at(-2);
  const [name = stem] = [NUMBERED.exec(stem)?.[1] ?? LABELLED.exec(stem)?.[1]];
  return [name, folder].find((one) => one !== undefined && KEYWORDS.includes(one));
}

/** File names of the splits that have shards. @throws {DataError} when one of a numbered set is not there. */
function shardsOf(stems: ReadonlyMap<string, string>): Map<string, string[]> {
  const shards = new Map<string, string[]>();
  const expected = new Map<string, number>();
  for (const [stem, name] of stems) {
    const [, numbered, , count] = NUMBERED.exec(stem) ?? [];
    const split = numbered ?? LABELLED.exec(stem)?.[1];
    if (split === undefined) continue;
    shards.set(split, [...(shards.get(split) ?? []), name]);
    if (count !== undefined) expected.set(split, Number(count));
  }
  for (const [split, count] of expected) {
    const names = shards.get(split) as string[];
    if (names.length === count) continue;
    throw new DataError(`only ${names.length} of the ${count} files of the split "${split}" are there`, {
      expected: `all of them; there are: ${names.slice(0, 20).join(", ")}${names.length > 20 ? ", …" : ""}`,
      hint: "a download may have been interrupted.",
    });
  }
  return shards;
}

async function missing(dataset: string): Promise<DataError> {
  const folder = dataset.replace(/[/\\]+$/, "").replace(/[^/\\]*$/, "") || ".";
  const nearby = (await isFolder(folder)) ? (await listFolder(folder)).slice(0, 20) : [];
  return new DataError(`the data set ${dataset} does not exist`, {
    expected: `a file (${FORMATS}) or a folder with train, validation and test files`,
    ...(nearby.length > 0 && { hint: `${folder} holds: ${nearby.join(", ")}` }),
  });
}

const join = (folder: string, name: string): string => `${folder.replace(/[/\\]+$/, "")}/${name}`;

/** The last part of a path. */
export const fileName = (path: string): string => path.replace(/^.*[/\\]/, "");

/** `data/train.jsonl.gz` → stem `train`, format `jsonl`. */
export function nameParts(path: string): { stem: string; format: string } {
  const [, stem = "", format = ""] = /^(.+)\.([a-z]+)$/i.exec(fileName(path).replace(/\.gz$/i, "")) ?? [];
  return { stem, format: format.toLowerCase() };
}
