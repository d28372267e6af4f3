import { encodeText, type TextExample, textRows } from "../../data/classification.ts";
import { type Encoded, encodeRows } from "../../data/encode.ts";
import { type Id2Label, IGNORED, type Labelled, type Labels, labelsOf, labelsOfCheckpoint } from "../../data/labels.ts";
import { findSplits, readRows } from "../../data/read.ts";
import type { Row } from "../../data/row.ts";
import type { Tokenizer } from "../../data/tokenizer.ts";
import { encodeWords, type TokenExample, tagsOf, type WordRow, wordRows } from "../../data/tokens.ts";
import { DataError } from "../../errors.ts";
import type { ResolvedRecipe } from "../../recipe/resolve.ts";

/** An example of either task, tokenised. */
export type Example = TextExample | TokenExample;

/** Rows given in memory instead of `dataset_name`, by split. */
export type RowsInMemory = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;

/** How texts and labels become numbers. */
export interface Encoding {
  readonly tokenizer: Tokenizer;
  readonly labels: Labels;
  /** Longest example in tokens. */
  readonly maxLength: number;
}

/** One split, read and checked but not yet tokenised. */
export interface Split {
  readonly labels: readonly Labelled[];
  readonly size: number;
  /** Tokenises every row. @throws {DataError} for a label that training never saw, or when nothing is left. */
  encode(encoding: Encoding): Encoded<Example>;
  /** Whether no row has anything to train on; looks no further than the first that has. */
  isEmpty(encoding: Encoding): boolean;
}

/**
 * Reads one split of a recipe's data.
 * @throws {DataError} naming file and line of a bad row.
 */
export async function readSplit(
  recipe: ResolvedRecipe,
  split: string,
  limit?: number,
  given?: RowsInMemory,
): Promise<Split> {
  const all = given ? inMemory(given, split) : await readRows(recipe.dataset_name, split);
  const rows = limit === undefined ? all : all.slice(0, limit);
  const columns = { textColumn: recipe.text_column, labelColumn: recipe.label_column };
  if (recipe.task_type === "TOKEN_CLS") {
    const words = wordRows(rows, columns);
    const labels = tagsOf(words).filter(({ label }) => label !== IGNORED);
    if (labels.length === 0) throw allMasked(words);
    return splitOf(words, labels, encodeTrainedWords);
  }
  const texts = textRows(rows, columns);
  return splitOf(texts, texts, (row, { tokenizer, labels, maxLength }) =>
    encodeText(row, tokenizer, labels, maxLength),
  );
}

function splitOf<R extends { readonly where: string }>(
  rows: readonly R[],
  labels: readonly Labelled[],
  encode: (row: R, encoding: Encoding) => Example | undefined,
): Split {
  return {
    labels,
    size: rows.length,
    encode: (encoding) => encodeRows(rows, (row) => encode(row, encoding)),
    isEmpty: (encoding) => rows.every((row) => encode(row, encoding) === undefined),
  };
}

/** A row of words; those labelled `IGNORED` are not trained, and a row that has no others is left out. */
function encodeTrainedWords(row: WordRow, { tokenizer, labels, maxLength }: Encoding): TokenExample | undefined {
  const idOf: Labels["idOf"] = (label, where) => (label === IGNORED ? IGNORED : labels.idOf(label, where));
  const example = encodeWords(row, tokenizer, { ...labels, idOf }, maxLength);
  return example?.labels.every((label) => label === IGNORED) ? undefined : example;
}

const allMasked = (rows: readonly WordRow[]): DataError =>
  new DataError(`every label is ${IGNORED}, which marks a word that is not trained: nothing would be`, {
    ...(rows[0] && { where: rows[0].where }),
    expected: "a class for some of the words",
    hint: "label_column names the column to read.",
  });

/** Names of the splits that are there. */
export async function splitNames(recipe: ResolvedRecipe, given?: RowsInMemory): Promise<ReadonlySet<string>> {
  return new Set(given ? Object.keys(given) : (await findSplits(recipe.dataset_name)).keys());
}

/** The split to evaluate on while training: the recipe's, else `validation` or `dev` where there is one. */
export async function validationSplit(recipe: ResolvedRecipe, given?: RowsInMemory): Promise<string | undefined> {
  if (recipe.dataset_validation_split !== undefined) return recipe.dataset_validation_split;
  const names = await splitNames(recipe, given);
  return ["validation", "dev"].find((name) => names.has(name));
}

/** The classes: the checkpoint's own where they name the data's labels, else the training data's. */
export function classesOf(train: Split | undefined, config: Readonly<Record<string, unknown>>): Labels {
  const id2label = (config.id2label ?? {}) as Id2Label;
  return train ? labelsOf(train.labels, id2label) : labelsOfCheckpoint(id2label);
}

function inMemory(given: RowsInMemory, split: string): Row[] {
  const rows = given[split];
  if (!rows)
    throw new DataError(`the data has no split ${split}`, { expected: `one of: ${Object.keys(given).join(", ")}` });
  if (rows.length === 0) throw new DataError(`the split ${split} of the data is empty`);
  return rows.map((values, i) => ({ values, where: `${split}[${i}]` }));
}
