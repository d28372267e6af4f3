import type { Labels } from "../data/labels.ts";
import { DataError } from "../errors.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { type Example, type RowsInMemory, readSplit, type Split, splitNames, validationSplit } from "./dataset.ts";
import type { Prepared } from "./prepare.ts";

/** The splits of a run, read and checked before anything is trained or written. */
export interface RunData {
  readonly train: Split;
  /** Evaluated while training; for choosing. */
  readonly validation?: Split;
  /** Read once, at the end. */
  readonly test?: Split;
}

/** Reads the splits that a recipe will need. @throws {DataError} when one is named and missing, empty or malformed. */
export async function readData(recipe: ResolvedRecipe, rows?: RowsInMemory): Promise<RunData> {
  const { eval_strategy, dataset_train_split, dataset_test_split, max_train_samples, max_eval_samples } = recipe;
  const train = await readSplit(recipe, dataset_train_split, max_train_samples, rows);
  if (eval_strategy === "no") return { train };
  const names = await splitNames(recipe, rows);
  const name = await validationSplit(recipe, rows);
  const validation = name === undefined ? undefined : await readSplit(recipe, name, max_eval_samples, rows);
  const test = names.has(dataset_test_split)
    ? await readSplit(recipe, dataset_test_split, max_eval_samples, rows)
    : undefined;
  if (!validation && (eval_strategy !== "end" || recipe.load_best_model_at_end)) {
    throw new DataError("there is no validation split to evaluate on while training", {
      where: "dataset_validation_split",
      expected: `one of the splits that are there: ${[...names].join(", ")}`,
      hint: "the test split is read once, at the end; name it as dataset_validation_split only to overfit it.",
    });
  }
  return { train, ...(validation && { validation }), ...(test && { test }) };
}

/** Checks that every label of the evaluation splits is one the model has. @throws {DataError} with file and line. */
export function checkLabels({ validation, test }: RunData, labels: Labels): void {
  for (const split of [validation, test]) {
    for (const { label, where } of split?.labels ?? []) labels.idOf(label, where);
  }
}

/** Tokenises a split for a model; says how many rows were left out because their texts are empty. */
export function encodeSplit(
  split: Split,
  { tokenizer, labels, source }: Prepared,
): { examples: readonly Example[]; warnings: string[] } {
  const { examples, skipped } = split.encode({ tokenizer, labels, maxLength: source.recipe.max_length });
  if (skipped.length === 0) return { examples, warnings: [] };
  const rows = skipped.length === 1 ? "1 row was" : `${skipped.length} rows were`;
  return { examples, warnings: [`${rows} left out: no token after tokenizing, the first at ${skipped[0]}`] };
}
