import { storedRows, storedSplits } from "../../assemble/dataset.ts";
import { languageRow } from "../../chat/language-row.ts";
import type { Row } from "../../data/row.ts";
import { DataError, RecipeError } from "../../errors.ts";
import { columnsOf, guessLabel, guessText, guessWords } from "../../examples/guess-columns.ts";
import type { TaskType } from "../../models/parts/architecture.ts";

/** Rows that are looked at. */
const SEEN = 1000;

/** Where rows are, and what is known of their columns; names are the recipe's. */
export interface RowsSource {
  readonly dataset_name: string;
  readonly dataset_train_split?: string;
  readonly text_column?: string;
  readonly label_column?: string;
}

/** A task that rows can teach. */
export interface RowsUse {
  readonly task_type: TaskType;
  /** Recipe keys that name the columns. */
  readonly keys: { readonly text_column?: string; readonly label_column?: string };
  /** What the rows are, in words. */
  readonly about: string;
  /** File name of the recipe, among those that come with the library, to start from. */
  readonly start: string;
}

/** What the rows of a data set look like. */
export interface FoundRows {
  readonly splits: readonly string[];
  /** Rows of the training split. */
  readonly size: number;
  readonly columns: readonly string[];
  /** What they can teach, likeliest first. */
  readonly uses: readonly RowsUse[];
}

/**
 * Looks at the first training rows of a data set, and says what a recipe can make of them.
 * @throws {DataError} when the data set is missing or empty, or a row is malformed.
 */
export async function lookAtRows(source: RowsSource): Promise<FoundRows> {
  const { dataset_name, dataset_train_split = "train" } = source;
  const rows: Row[] = [];
  let size = 0;
  for await (const row of await storedRows(dataset_name, dataset_train_split)) {
    if (size++ < SEEN) rows.push(row);
  }
  const splits = [...(await storedSplits(dataset_name))];
  return { splits, size, columns: columnsOf(rows), uses: usesOf(rows, source) };
}

/**
 * The use that a task makes of rows; without one, the likeliest.
 * @throws {DataError} when there is none; {RecipeError} for an unknown task.
 */
export function useOf({ uses, columns }: FoundRows, source: RowsSource, task?: string): RowsUse {
  if (task !== undefined && !Object.hasOwn(EXPECTED, task)) {
    throw new RecipeError(`task_type: expected one of ${Object.keys(EXPECTED).join(", ")}, got "${task}"`);
  }
  const use = task === undefined ? uses[0] : uses.find(({ task_type }) => task_type === task);
  if (use) return use;
  const can = uses.map(({ task_type, about }) => `${task_type} (${about})`).join(", ");
  throw new DataError(`cannot tell what ${task ?? "a model"} could learn from the columns ${columns.join(", ")}`, {
    where: source.dataset_name,
    expected: EXPECTED[task as TaskType] ?? Object.values(EXPECTED).join("; or "),
    hint: can === "" || task === undefined ? FLAGS : `${FLAGS} As they are, the rows suit ${can}.`,
  });
}

const FLAGS = "--text_column and --label_column name the columns to read.";
const EXPECTED: Readonly<Record<TaskType, string>> = {
  SEQ_CLS: "a column of texts and one of labels",
  TOKEN_CLS: "a column of lists of words and one of lists of tags",
  CAUSAL_LM: "messages, or prompt and completion, or a column of texts",
  MASKED_LM: "a column of texts",
};

/** What was found, in a sentence. */
export function describeRows({ splits, size, columns }: FoundRows, { keys, about }: RowsUse, split = "train"): string {
  const others = splits.filter((name) => name !== split);
  const named = Object.entries(keys).map(([key, column]) => `${key} ${column}`);
  return (
    `${size} rows to train on${others.length > 0 ? `, and the splits ${others.join(", ")}` : ""}; ` +
    `columns ${columns.join(", ")}: ${about}${named.length > 0 ? ` (${named.join(", ")})` : ""}`
  );
}

function usesOf(rows: readonly Row[], { text_column, label_column }: RowsSource): RowsUse[] {
  const given = {
    ...(text_column !== undefined && { textColumn: text_column }),
    ...(label_column !== undefined && { labelColumn: label_column }),
  };
  const uses: RowsUse[] = [];
  const add = (task_type: TaskType, about: string, start: string, keys: RowsUse["keys"] = {}): void =>
    void uses.push({ task_type, about, start, keys });

  const words = guessWords(rows, given);
  if (words) {
    const keys = { text_column: words.textColumn, label_column: words.labelColumn };
    add("TOKEN_CLS", "words with a tag each", "token-classification.yaml", keys);
  }
  const kind = languageKind(rows, text_column);
  if (kind === "messages") add("CAUSAL_LM", "conversations", "qlora-chat.yaml");
  if (kind === "completion" || kind === "answer") add("CAUSAL_LM", "prompts and completions", "language-model.yaml");

  const text = words ? undefined : (text_column ?? guessText(rows));
  if (text === undefined) return uses;
  const label = label_column ?? guessLabel(rows, text);
  if (label !== undefined) {
    const keys = { text_column: text, label_column: label };
    add("SEQ_CLS", "texts with a label each", "text-classification.yaml", keys);
  }
  add("CAUSAL_LM", "plain texts", "causal-text.yaml", { text_column: text });
  add("MASKED_LM", "plain texts", "masked-text.yaml", { text_column: text });
  return uses;
}

/** How a language model would read the rows; `undefined` when it could not. */
function languageKind(rows: readonly Row[], textColumn = "text"): string | undefined {
  try {
    return rows.map((row) => languageRow(row, { textColumn }))[0]?.kind;
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}
