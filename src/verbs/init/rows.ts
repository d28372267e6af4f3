import { dataFolder, distinctSplits, storedRows, unusualDelimiter } from "../../assemble/dataset.ts";
import { refusePreferences } from "../../chat/preferences.ts";
import type { Row } from "../../data/row.ts";
import { DataError, RecipeError } from "../../errors.ts";
import { columnsOf } from "../../examples/guess-columns.ts";
import type { FollowOptions } from "../../formats/hub/download.ts";
import { factsOf, TASK_FACTS, TASK_TYPES, type TaskType } from "../../task-types/index.ts";
import { CERTAINTIES, type Use } from "../../tasks/definition.ts";
import { ALL_DEFINITIONS } from "../../tasks/index.ts";

/** Rows that are looked at. */
const SEEN = 1000;

/** Location of rows, and their known columns; names are the recipe's. */
export interface RowsSource {
  readonly dataset_name: string;
  readonly dataset_config?: string;
  readonly dataset_train_split?: string;
  readonly delimiter?: string;
  readonly text_column?: string;
  readonly label_column?: string;
}

/** A task that rows can teach. */
export interface RowsUse extends Omit<Use, "certainty"> {
  readonly task_type: TaskType;
}

/** Facts found in the rows of a data set. */
export interface FoundRows {
  readonly splits: readonly string[];
  /** The delimiter of its tables, where it is not the one that their names promise. */
  readonly delimiter?: string;
  /** Rows of the training split. */
  readonly size: number;
  readonly columns: readonly string[];
  /** The first of them, at most a thousand, by column. */
  readonly first: readonly Readonly<Record<string, unknown>>[];
  /** Possible uses, likeliest first. */
  readonly uses: readonly RowsUse[];
}

/**
 * Looks at the first training rows of a data set, and says what a recipe can make of them. One of the Hub is downloaded.
 * @throws {DataError} when the data set is missing or empty, a row is malformed, or the rows compare replies.
 */
export async function lookAtRows(given: RowsSource, options?: FollowOptions): Promise<FoundRows> {
  await dataFolder(given, options);
  const { dataset_train_split = "train" } = given;
  const delimiter = given.delimiter ?? (await unusualDelimiter(given, dataset_train_split));
  const source = { ...given, ...(delimiter !== undefined && { delimiter }) };
  const rows: Row[] = [];
  let size = 0;
  for await (const row of await storedRows(source, dataset_train_split)) {
    if (size++ < SEEN) rows.push(row);
  }
  if (source.text_column === undefined && rows[0]) refusePreferences(rows[0]);
  const splits = await distinctSplits(source);
  const first = rows.map(({ values }) => values);
  const found = { splits, size, columns: columnsOf(rows), first, uses: usesOf(rows, source) };
  return delimiter === undefined ? found : { ...found, delimiter };
}

/**
 * The use that a task makes of rows; without one, the likeliest.
 * @throws {DataError} when there is none; {RecipeError} for an unknown task.
 */
export function useOf({ uses, columns }: FoundRows, source: RowsSource, task?: string): RowsUse {
  const wanted = task === undefined ? undefined : factsOf(task);
  if (task !== undefined && !wanted) {
    throw new RecipeError(`task_type: expected one of ${TASK_TYPES.join(", ")}, got "${task}"`);
  }
  const use = task === undefined ? uses[0] : uses.find(({ task_type }) => task_type === task);
  if (use) return use;
  const can = uses.map(({ task_type, about }) => `${task_type} (${about})`).join(", ");
  throw new DataError(`cannot tell how to use the columns ${columns.join(", ")} for ${task ?? "a task"}`, {
    where: source.dataset_name,
    expected: wanted?.columns ?? TASK_TYPES.map((name) => TASK_FACTS[name].columns).join("; or "),
    hint: can === "" || task === undefined ? FLAGS : `${FLAGS} As they are, the rows fit ${can}.`,
  });
}

const FLAGS = "set --text_column and --label_column to the columns to read.";

/** Percent of the rows that are held back where nothing else could score a run, and the fewest rows for it. */
const [USUAL_HOLD_OUT, FEWEST_ROWS] = [10, 20];

/**
 * The usual `validation_split_percentage` for data: 0 where a test split scores the run; none where the data have a validation
 * split, one is chosen, or the rows are too few.
 */
export function usualHoldOut(
  { splits, size }: FoundRows,
  chosen: Readonly<Record<string, unknown>>,
): number | undefined {
  const isChosen = ["dataset_validation_split", "validation_split_percentage"].some((key) =>
    Object.hasOwn(chosen, key),
  );
  const hasSplit = ["validation", "dev"].some((name) => splits.includes(name));
  if (isChosen || hasSplit || size < FEWEST_ROWS) return undefined;
  return splits.includes(String(chosen.dataset_test_split ?? "test")) ? 0 : USUAL_HOLD_OUT;
}

/** Summary of the rows, in a sentence. */
export function describeRows({ splits, size, columns }: FoundRows, { keys, about }: RowsUse, split = "train"): string {
  const others = splits.filter((name) => name !== split);
  const rows = size === 1 ? "1 row" : `${size} rows`;
  const named = Object.entries(keys).map(([key, column]) => `${key} ${column}`);
  return (
    `${rows} to train on${others.length > 0 ? `, and the splits ${others.join(", ")}` : ""}; ` +
    `columns ${columns.join(", ")}: ${about}${named.length > 0 ? ` (${named.join(", ")})` : ""}`
  );
}

/** Uses of all tasks: rows of a certain structure before a column of labels, and that before any text. */
function usesOf(rows: readonly Row[], { text_column, label_column }: RowsSource): RowsUse[] {
  const given = {
    ...(text_column !== undefined && { textColumn: text_column }),
    ...(label_column !== undefined && { labelColumn: label_column }),
  };
  const found = ALL_DEFINITIONS.flatMap(([task_type, { uses }]) =>
    uses(rows, given).map((use) => ({ task_type, ...use })),
  );
  return CERTAINTIES.flatMap((certainty) => found.filter((use) => use.certainty === certainty)).map(
    ({ certainty: _, ...use }) => use,
  );
}
