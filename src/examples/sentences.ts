import type { Row } from "../data/row.ts";
import { SourceNumber } from "../data/source-number.ts";
import { DataError } from "../errors.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { asText } from "./classification.ts";

/** Texts of one row that are compared with each other, as the data has them. */
export interface SentencesRow {
  readonly texts: readonly string[];
  /** Similarity of a pair. */
  readonly score?: number;
  readonly where: string;
}

/** Texts of one row that are compared with each other, as the model has them. */
export interface SentencesExample {
  /** Tokens of all texts, one after the other. */
  readonly ids: Int32Array;
  /** Number of tokens up to the end of each text. */
  readonly ends: Int32Array;
  readonly score?: number;
  readonly where: string;
}

/** Columns of a query and the text that answers it. */
const PAIR = ["anchor", "positive"] as const;
/** Columns of texts that do not answer it. */
const NEGATIVE = /^negative(?:_\d+)?$/;
/** Columns of a pair with a score. */
const SCORED = ["sentence1", "sentence2"] as const;
/** Columns of a score: those that sentence-transformers takes for one. */
const SCORES = ["score", "scores", "label", "labels"] as const;

const hasAll = (columns: readonly string[], wanted: readonly string[]): boolean =>
  wanted.every((name) => columns.includes(name));

/** True when columns are of queries with their answers. */
export const areRanked = (columns: readonly string[]): boolean => hasAll(columns, PAIR);

/** True when columns are of pairs with a score. */
export const areScored = (columns: readonly string[]): boolean =>
  hasAll(columns, SCORED) && SCORES.some((name) => columns.includes(name));

/**
 * Query, answer and negatives of a row: `anchor`, `positive`, `negative`, `negative_2`, …. A row may leave out negatives.
 * @throws {DataError} when the row lacks a column, or holds something else in it.
 */
export function rankedRow({ values, where }: Row): SentencesRow {
  const negatives = Object.keys(values).filter((name) => NEGATIVE.test(name) && values[name] != null);
  const texts = [...PAIR, ...negatives.sort((a, b) => a.length - b.length || (a < b ? -1 : 1))];
  return { texts: texts.map((name) => textOf(values, name, where)), where };
}

/**
 * A pair and its score: `sentence1`, `sentence2`, `score`.
 * @throws {DataError} when the row lacks a column, or its score is no finite number of float32.
 */
export function scoredRow({ values, where }: Row): SentencesRow {
  const name = SCORES.find((name) => Object.hasOwn(values, name)) ?? SCORES[0];
  const given = values[name];
  const number = given instanceof SourceNumber || typeof given === "string" ? Number(given) : given;
  if (typeof number !== "number" || given === "" || !Number.isFinite(Math.fround(number))) {
    throw new DataError(`the column "${name}" holds ${String(JSON.stringify(given)).slice(0, 60)}`, {
      where,
      expected: "how similar the two texts are: a number, 1 for equal and 0 for unrelated ones",
    });
  }
  return { texts: SCORED.map((name) => textOf(values, name, where)), score: number, where };
}

function textOf(values: Row["values"], name: string, where: string): string {
  if (Object.hasOwn(values, name)) return asText(values[name], name, where);
  throw new DataError(`this row has no column "${name}"`, {
    where,
    expected: `${PAIR.join(" and ")} with any number of negatives, or ${SCORED.join(", ")} and ${SCORES[0]}`,
    hint: `its columns are: ${Object.keys(values).join(", ") || "none"}`,
  });
}

/** A row as an example, each text cut at `maxLength`; `undefined` when one of its texts has no tokens of its own. */
export function encodeSentences(
  { texts, score, where }: SentencesRow,
  tokenizer: Tokenizer,
  maxLength: number,
): SentencesExample | undefined {
  const encoded = texts.map((text) => tokenizer.encode(text, { maxLength }));
  if (encoded.some(({ ids, specials }) => ids.length <= specials)) return undefined;
  let end = 0;
  const ends = Int32Array.from(encoded, ({ ids }) => {
    end += ids.length;
    return end;
  });
  return {
    ids: Int32Array.from(encoded.flatMap(({ ids }) => [...ids])),
    ends,
    where,
    ...(score !== undefined && { score }),
  };
}

/** Tokens of each text of an example. */
export const textsIn = ({ ids, ends }: SentencesExample): Int32Array[] =>
  Array.from(ends, (end, i) => ids.subarray(ends[i - 1] ?? 0, end));
