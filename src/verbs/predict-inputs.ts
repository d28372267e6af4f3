import { exists, readLines } from "#platform";
import { findDelimiter } from "../data/delimiter.ts";
import { isDataFile, isTable, readRows } from "../data/read.ts";
import { column, type Row } from "../data/row.ts";
import { numberText } from "../data/source-number.ts";
import { DataError, FileError } from "../errors.ts";
import { USUAL } from "../examples/tokens.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { TASK_FACTS } from "../task-types/index.ts";

/** A text to label, and its place among the inputs. */
export interface TextInput {
  readonly text: string;
  /** Its words, where words are labelled. Default: what stands between white space. */
  readonly words?: readonly string[];
  /** From 0; of a file's rows the row, of lines of text the line, blank ones counted. Default: as they come. */
  readonly index?: number;
  /** Reason why it cannot be labelled. */
  readonly error?: string;
}

/** Endings of tables and documents that are not read: their raw lines are no texts. */
const NOT_TEXT =
  /\.(tab|psv|ndjson|xlsx?|ods|arrow|feather|orc|avro|xml|ya?ml|html?|pdf|docx?|zip|zst|bz2|xz)(\.gz)?$/i;

/**
 * The texts of a file: of data files (`.jsonl`, `.json`, `.csv`, `.tsv`, `.parquet`, each also `.gz`) the `text_column` of the
 * recipe, else `text`, where words are labelled also a list of words; of any other file its lines, blank ones left out. A table's
 * delimiter is found in its header: it need not be that of the training data.
 *
 * @throws {FileError} when there is no such file. @throws {DataError} for a kind of file that is not read; while it is
 *   walked, for malformed rows and rows without the column.
 */
export async function readInputs(path: string, recipe: ResolvedRecipe): Promise<AsyncIterable<TextInput>> {
  if (!(await exists(path))) throw new FileError(`cannot read ${path}: no such file`);
  if (isDataFile(path)) {
    const delimiter = isTable(path) ? await findDelimiter(path, recipe.delimiter) : undefined;
    return inputsOfRows(await readRows(path, "train", { delimiter }), recipe);
  }
  if (!NOT_TEXT.test(path)) return inputsOfLines(path);
  throw new DataError(`predict cannot read files like ${path}`, {
    expected: ".jsonl, .json, .csv, .tsv or .parquet, each also with .gz, or .txt with one text a line",
  });
}

async function* inputsOfLines(path: string): AsyncGenerator<TextInput, void, undefined> {
  for await (const { line, text } of readLines(path)) if (text.trim() !== "") yield { text, index: line - 1 };
}

async function* inputsOfRows(
  rows: AsyncIterable<Row>,
  recipe: ResolvedRecipe,
): AsyncGenerator<TextInput, void, undefined> {
  const { text_column, task_type } = recipe;
  const perWord = TASK_FACTS[task_type].labelled === "word";
  const names = [text_column, "text", ...(perWord ? USUAL.text : [])] as [string, ...string[]];
  let index = 0;
  for await (const row of rows) {
    const value = column(row, names, "text_column");
    yield { ...inputOf(value, perWord), index: index++ };
  }
}

function inputOf(value: unknown, perWord: boolean): TextInput {
  if (typeof value === "string") return { text: value };
  const digits = numberText(value); // a column of numbers
  if (digits !== undefined) return { text: digits };
  if (perWord && Array.isArray(value) && value.every((word) => typeof word === "string")) {
    return { text: value.join(" "), words: value };
  }
  const shown = String(JSON.stringify(value)).slice(0, 60);
  return { text: "", error: `this row contains no ${perWord ? "text or list of words" : "text"}: ${shown}` };
}
