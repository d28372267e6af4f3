import { column, type Row } from "../data/row.ts";
import { DataError } from "../errors.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { asLabel, type Columns } from "./classification.ts";
import type { Label, Labels } from "./labels.ts";
import { IGNORED } from "./labels.ts";

/** Words and a label for each, as the data has them. */
export interface WordRow {
  readonly words: readonly string[];
  readonly tags: readonly Label[];
  readonly where: string;
}

/** Sub-word tokens and a class for each, as the model has them. */
export interface TokenExample {
  readonly ids: Int32Array;
  /** `[ids.length]`: the class at the first token of a word, `IGNORED` at its others and at special tokens. */
  readonly labels: Int32Array;
  readonly where: string;
}

/** Usual column names of token classification data; read when the recipe keeps the default names. */
export const USUAL = { text: ["tokens", "words"], label: ["labels", "ner_tags", "tags"] };

/**
 * Picks and checks words and labels of a row.
 * @throws {DataError} when the row lacks a column, holds no lists there, or lists of different lengths.
 */
export function wordRow(row: Row, { textColumn, labelColumn }: Columns): WordRow {
  const texts = [textColumn, ...(textColumn === "text" ? USUAL.text : [])] as [string, ...string[]];
  const labels = [labelColumn, ...(labelColumn === "label" ? USUAL.label : [])] as [string, ...string[]];
  const { where } = row;
  const words = asList(column(row, texts, "text_column"), "words", where).map((word) => {
    if (typeof word === "string") return word;
    throw new DataError(`the list of words contains ${JSON.stringify(word)}`, { where, expected: "strings only" });
  });
  const tags = asList(column(row, labels, "label_column"), "labels", where).map((tag) =>
    asLabel(tag, labelColumn, where),
  );
  if (words.length === tags.length) return { words, tags, where };
  throw new DataError(`this row has ${words.length} words but ${tags.length} labels`, {
    where,
    expected: "one label for every word",
  });
}

/**
 * Tokenises one row; the first token of each word carries the word's label.
 *
 * @returns `undefined` when no labelled word is left.
 * @throws {DataError} when a label was never seen in training.
 */
export function encodeWords(
  row: WordRow,
  tokenizer: Tokenizer,
  labels: Labels,
  maxLength: number,
): TokenExample | undefined {
  const classes = row.tags.map((tag) => labels.idOf(tag, row.where));
  const { ids, wordIds, specials } = tokenizer.encodeWords(row.words, { maxLength });
  if (ids.length === specials) return undefined;
  const first = (word: number | null, at: number) =>
    word === null || word === wordIds[at - 1] ? IGNORED : classes[word]!;
  return { ids: Int32Array.from(ids), labels: Int32Array.from(wordIds, first), where: row.where };
}

function asList(value: unknown, what: string, where: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new DataError(`the ${what} of this row are not a list: ${JSON.stringify(value)?.slice(0, 60)}`, {
    where,
    expected: 'lists such as {"tokens": ["Ada", "wrote"], "ner_tags": [1, 0]}',
    hint: "set text_column and label_column to the columns to read.",
  });
}
