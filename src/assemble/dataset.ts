import { sha256File, sha256Text } from "#platform";
import { findDelimiter, usualDelimiter } from "../data/delimiter.ts";
import { type HoldOut, holdOut, rowsOfSide } from "../data/hold-out.ts";
import { findSplits, isDataFile, isTable, readRows } from "../data/read.ts";
import { firstRows, type Row, type Rows } from "../data/row.ts";
import { DataError } from "../errors.ts";
import { type Id2Label, type Labels, labelsOf, labelsOfCheckpoint, labelsOfFile } from "../examples/labels.ts";
import { resolveDataset } from "../formats/hub/dataset.ts";
import type { FollowOptions } from "../formats/hub/download.ts";
import type { RowsInMemory } from "../prepared/job.ts";
import { Random } from "../random.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { classifies } from "../task-types/index.ts";
import type { Split } from "../tasks/definition.ts";
import { taskOf } from "../tasks/index.ts";

/** The `dataset_name` of the data set that comes with the library. */
const EMBEDDED = "embedded";

/** Keys of a recipe that say which files its rows are in, and how they are read. */
export type DataSource = Pick<ResolvedRecipe, "dataset_name"> &
  Partial<Pick<ResolvedRecipe, "dataset_config" | "delimiter">>;

/** Names of a validation split; the first is that of one that is held back. */
const VALIDATION = ["validation", "dev"] as const;

/** Part of a split to read. */
export interface ReadSplitOptions {
  /** Rows to read, the first ones. Default: all. */
  readonly limit?: number | undefined;
  /** Data given in memory instead of `dataset_name`. */
  readonly rows?: RowsInMemory | undefined;
  /** The rows held back for validation, where they are known. */
  readonly held?: HoldOut | undefined;
}

/**
 * Reads one split of a recipe's data.
 * @throws {DataError} naming file and line of a bad row.
 */
export async function readSplit(
  recipe: ResolvedRecipe,
  split: string,
  { limit, rows: given, held }: ReadSplitOptions = {},
): Promise<Split> {
  const all = await rowsOfSplit(recipe, split, given, held);
  const rows = limit === undefined ? all : firstRows(all, limit);
  return taskOf(recipe).split(rows, recipe);
}

/** Rows of one split of a recipe's data. @throws {DataError} when the split is missing. */
export async function rowsOfSplit(
  recipe: ResolvedRecipe,
  split: string,
  given?: RowsInMemory,
  known?: HoldOut,
): Promise<Rows> {
  const rows = await wholeRows(recipe, split, given);
  if (split !== recipe.dataset_train_split && split !== VALIDATION[0]) return rows;
  const held = known ?? (await heldBack(recipe, given));
  return held ? rowsOfSide(rows, held, split === VALIDATION[0]) : rows;
}

/** Rows of the split that a split is a part of, or is: the whole training split, if rows of it are held back. */
export async function wholeRows(recipe: ResolvedRecipe, split: string, given?: RowsInMemory): Promise<Rows> {
  const whole = await wholeSplit(recipe, split, given);
  return given ? inMemory(given, whole) : storedRows(recipe, whole);
}

/** Name of the split in the data that a split is a part of, or is. */
export const wholeSplit = async (recipe: ResolvedRecipe, split: string, given?: RowsInMemory): Promise<string> =>
  split === VALIDATION[0] && holdsBack(recipe, await namesInData(recipe, given)) ? recipe.dataset_train_split : split;

/** Names of the splits that are there, one that is held back among them. */
export async function splitNames(recipe: ResolvedRecipe, given?: RowsInMemory): Promise<ReadonlySet<string>> {
  const names = await namesInData(recipe, given);
  return holdsBack(recipe, names) ? new Set([...names, VALIDATION[0]]) : names;
}

const namesInData = async (recipe: ResolvedRecipe, given?: RowsInMemory): Promise<ReadonlySet<string>> =>
  given ? new Set(Object.keys(given)) : storedSplits(recipe);

/** True when rows of the training split are the validation split. One that the data have is read instead. */
const holdsBack = (
  { validation_split_percentage, dataset_train_split }: ResolvedRecipe,
  names: ReadonlySet<string>,
): boolean =>
  validation_split_percentage !== undefined &&
  names.has(dataset_train_split) &&
  !VALIDATION.some((name) => names.has(name));

/**
 * The rows that `validation_split_percentage` holds back, the same for the same seed; none where the data have a validation split.
 * @throws {DataError} for a malformed row, or when no row can be held back.
 */
export async function heldBack(recipe: ResolvedRecipe, given?: RowsInMemory): Promise<HoldOut | undefined> {
  const { validation_split_percentage: percentage, dataset_train_split, seed } = recipe;
  if (percentage === undefined || !holdsBack(recipe, await namesInData(recipe, given))) return undefined;
  const { labelsOf } = taskOf(recipe);
  return holdOut(await wholeRows(recipe, dataset_train_split, given), {
    labelsOf: (row) => labelsOf?.(row, recipe) ?? [],
    percentage,
    random: Random.seed(seed).stream("validation split"),
  });
}

/** The file or folder that a recipe's data are in; a data set of the Hub is downloaded when it is not in the cache. */
export const dataFolder = ({ dataset_name, dataset_config }: DataSource, options?: FollowOptions): Promise<string> =>
  dataset_name === EMBEDDED ? Promise.resolve(EMBEDDED) : resolveDataset(dataset_name, dataset_config, options);

const splitFiles = async (source: DataSource): Promise<Map<string, readonly string[]>> =>
  findSplits(await dataFolder(source), source);

/** Files of one split; none of the data set that comes with the library. */
export async function filesOfSplit(source: DataSource, split: string): Promise<readonly string[]> {
  return source.dataset_name === EMBEDDED ? [] : ((await splitFiles(source)).get(split) ?? []);
}

/** Names of the splits of a file or folder, or of the data set that comes with the library. */
export async function storedSplits(source: DataSource): Promise<ReadonlySet<string>> {
  if (source.dataset_name !== EMBEDDED) return new Set((await splitFiles(source)).keys());
  const { EMBEDDED_SPLITS } = await import("../provisions/provisions.ts");
  return new Set(EMBEDDED_SPLITS);
}

/** Names of those splits, each once: `dev` is left out where it stands for `validation`. */
export async function distinctSplits(source: DataSource): Promise<string[]> {
  if (source.dataset_name === EMBEDDED) return [...(await storedSplits(source))];
  const seen = new Set<unknown>();
  const names: string[] = [];
  for (const [name, files] of await splitFiles(source)) {
    if (!seen.has(files)) names.push(name);
    seen.add(files);
  }
  return names;
}

/**
 * Rows of a file or folder, or of the data set that comes with the library.
 * @throws {DataError} when the split is missing; while they are walked, when a row is malformed or there is none.
 */
export async function storedRows(source: DataSource, split: string): Promise<Rows> {
  if (source.dataset_name !== EMBEDDED) return readRows(await dataFolder(source), split, source);
  const { EMBEDDED_SPLITS, embeddedRows } = await import("../provisions/provisions.ts");
  const found = EMBEDDED_SPLITS.find((name) => name === split);
  if (found) return embeddedRows(found);
  throw new DataError(`the embedded data set has no split ${split}`, { expected: EMBEDDED_SPLITS.join(", ") });
}

/** The delimiter that a split's table needs to be told: not the one that its name promises. @throws {DataError} as `storedRows`. */
export async function unusualDelimiter(source: DataSource, split: string): Promise<string | undefined> {
  if (source.dataset_name === EMBEDDED) return undefined;
  const [path] = (await splitFiles(source)).get(split) ?? [];
  if (path === undefined || !isTable(path)) return undefined;
  const found = await findDelimiter(path);
  return isDataFile(path) && found === usualDelimiter(path) ? undefined : found;
}

/**
 * SHA-256 of a split: of the bytes of its files, or of its rows where there are none. Where they lie does not count.
 * @throws {DataError | FileError} when the split is missing or cannot be read.
 */
export async function hashSplit(source: DataSource, split: string, given?: RowsInMemory): Promise<string> {
  if (given) return sha256Text(JSON.stringify(inMemory(given, split).map(({ values }) => values)));
  if (source.dataset_name !== EMBEDDED) {
    const paths = [(await splitFiles(source)).get(split) ?? []].flat();
    return sha256Text((await Promise.all(paths.map(sha256File))).join("\n"));
  }
  const rows: unknown[] = [];
  for await (const { values } of await storedRows(source, split)) rows.push(values);
  return sha256Text(JSON.stringify(rows));
}

/** The split to evaluate on while training: the recipe's, else `validation` or `dev` where there is one, or rows are held back. */
export async function validationSplit(recipe: ResolvedRecipe, given?: RowsInMemory): Promise<string | undefined> {
  if (recipe.dataset_validation_split !== undefined) return recipe.dataset_validation_split;
  const names = await splitNames(recipe, given);
  return VALIDATION.find((name) => names.has(name));
}

const namesIn = ({ id2label }: { readonly id2label?: Id2Label | undefined }): number =>
  Object.keys(id2label ?? {}).length;

/**
 * The classes: the checkpoint's own where they name the data's labels, else the training data's, by the names that its file
 * gives them. None without labels.
 * @param stored The checkpoint's `id2label`, and the file that it is from.
 */
export function classesOf(
  task: string,
  train: Split | undefined,
  stored: { readonly id2label?: Id2Label | undefined; readonly source?: string | undefined },
): Labels {
  if (!classifies(task)) return labelsOfCheckpoint({});
  const count = train?.classCount;
  const { id2label, source } = count === undefined || namesIn(stored) === count ? stored : {};
  if (train?.classNames) return labelsOfFile(train.labels, train.classNames, id2label, source);
  return train ? labelsOf(train.labels, id2label, source) : labelsOfCheckpoint(id2label ?? {}, source);
}

function inMemory(given: RowsInMemory, split: string): Row[] {
  const rows = given[split];
  if (!rows)
    throw new DataError(`the data has no split ${split}`, { expected: `one of: ${Object.keys(given).join(", ")}` });
  if (rows.length === 0) throw new DataError(`the split ${split} of the data is empty`);
  return rows.map((values, i) => ({ values, where: `${split}[${i}]` }));
}
