import { DataError, RecipeError } from "../../errors.ts";
import type { CompareEvent, ComparisonRow } from "../../events/reports.ts";
import { METHODS } from "../../methods/keys/index.ts";
import type { Recipe } from "../../recipe/schema.ts";
import { checkJob } from "../../training/checked.ts";
import { checkOutputFolder } from "../../training/output-folder.ts";
import { jobOfRecipe } from "../../verbs/job-of.ts";
import { recipeFrom } from "../../verbs/read-recipe.ts";
import { type Entry, runEntry } from "./compare-run.ts";
import { writeComparison } from "./comparison-files.ts";
import type { ScoredSplit } from "./comparison-markdown.ts";

/** Names that can be compared: each method, and `gradual`, which is `full` with its layers unfrozen one by one from the top. */
export const COMPARED = [...METHODS, "gradual"] as const;

/** One of {@link COMPARED}. */
export type Compared = (typeof COMPARED)[number];

/** Options of a comparison. */
export interface CompareOptions {
  /** Recipe keys that win over the file, as on the command line. */
  readonly overrides?: Readonly<Record<string, unknown>>;
  readonly methods: readonly Compared[];
  /** Default: the recipe's own seed. */
  readonly seeds?: readonly number[];
  /** Aborting it ends the run at hand after its step; its checkpoint is written. */
  readonly signal?: AbortSignal;
}

/**
 * Runs a recipe, or what the overrides alone make without a path, under several methods, each run in a fresh process, so that peak memory is that run's own. Writes
 * `output_dir/<method>/` (`<method>-<seed>/` with several seeds) and at the end `comparison.json`, `.md` and `.svg`.
 *
 * @throws {LowrankError} before the first run when recipe, model or data are not usable under one of the methods; later
 *   whatever a run threw.
 */
export async function* compare(
  path: string | undefined,
  options: CompareOptions,
): AsyncGenerator<CompareEvent, void, void> {
  const { overrides = {}, methods, signal } = options;
  const recipe = await recipeFrom(path, overrides);
  const seeds = options.seeds ?? [recipe.seed];
  const { model_name_or_path, adapter_name_or_path, dataset_name } = recipe;
  await checkOutputFolder(recipe, { model_name_or_path, adapter_name_or_path, dataset_name });
  let split: ScoredSplit = "test";
  for (const name of methods)
    split = await checkComparable(await recipeFrom(path, { ...overrides, ...methodKeys(name) }));

  const rows: ComparisonRow[] = [];
  for (const name of methods) {
    for (const seed of seeds) {
      const folder = `${recipe.output_dir}/${name}${seeds.length > 1 ? `-${seed}` : ""}`;
      const entry: Entry = { method: name, seed, folder, ...(path !== undefined && { path }) };
      const row = yield* runEntry(entry, { ...overrides, ...methodKeys(name), seed, output_dir: folder }, signal);
      rows.push(row);
      yield { kind: "row", row };
    }
  }
  yield { kind: "done", rows, files: await writeComparison(recipe.output_dir, recipe, rows, split) };
}

const methodKeys = (name: Compared): Readonly<Record<string, unknown>> =>
  name === "gradual" ? { method: "full", unfreeze_schedule: "gradual" } : { method: name };

/** Split that scores will be of. Refuses what would stop the comparison half way, or leave it without scores. */
async function checkComparable(recipe: Recipe): Promise<ScoredSplit> {
  const { job, data } = await checkJob(jobOfRecipe(recipe));
  if (job.recipe.eval_strategy === "no") {
    const expected = "end, or any other value except no, because the scores are compared";
    throw new RecipeError("a comparison needs scores, but eval_strategy is no", { where: "eval_strategy", expected });
  }
  if (!data.test && !data.validation) {
    throw new DataError("the data has no test split to compare scores on", {
      where: recipe.dataset_name,
      expected: `a split named ${recipe.dataset_test_split}`,
      hint: "set dataset_test_split to the split to read at the end, or validation_split_percentage to hold rows back.",
    });
  }
  return data.test ? "test" : "validation";
}
