/** Recipes of the page's runs: those that come with the package, with what was chosen in the page. */
import { type Recipe, readRecipe } from "lowrank";
import demo from "../../recipes/demo.yaml?raw";
import textClassification from "../../recipes/text-classification.yaml?raw";
import type { ModelChoice, RunChoice, UsualKeys } from "../protocol.ts";
import { PATHS, store } from "./files.ts";

/** Optimizer steps between checkpoints, from which a closed tab goes on. */
const SAVE_STEPS = 20;

/** Percent of the rows that are held back where the data have no split to score on. */
const HOLD_OUT = 20;

/** Splits that a model is scored on. */
const SCORED = ["test", "validation", "dev"];

/** Keys that the page has fields for. */
const FIELDS = ["num_train_epochs", "learning_rate", "lora_r", "max_length", "validation_split_percentage"] as const;

/** The recipe that the package has for a model. */
async function startFrom({ kind }: ModelChoice, keys: Readonly<Record<string, unknown>>): Promise<Recipe> {
  await store(PATHS.recipe, kind === "embedded" ? demo : textClassification);
  return readRecipe(PATHS.recipe, keys);
}

/** The recipe of a run. @throws {RecipeError} naming each key that does not fit. */
export function recipeOf({ documents, columns, model, method, keys }: RunChoice, output: string): Promise<Recipe> {
  return startFrom(model, {
    model_name_or_path: model.path,
    dataset_name: documents.path,
    ...(documents.delimiter !== undefined && { delimiter: documents.delimiter }),
    text_column: columns.text,
    label_column: columns.label,
    output_dir: output,
    method,
    eval_strategy: "epoch",
    save_strategy: "steps",
    save_steps: SAVE_STEPS,
    save_total_limit: 1,
    ...(!documents.splits.some((split) => SCORED.includes(split)) && { validation_split_percentage: HOLD_OUT }),
    ...keys,
  });
}

/** What a method's keys are where nothing is chosen. */
export async function usualKeys({ model, method }: Pick<RunChoice, "model" | "method">): Promise<UsualKeys> {
  const recipe: Readonly<Record<string, unknown>> = await startFrom(model, { method });
  const own = (recipe.method_overrides as Readonly<Record<string, object>> | undefined)?.[method];
  const all: Readonly<Record<string, unknown>> = { validation_split_percentage: HOLD_OUT, ...recipe, ...own };
  return Object.fromEntries(FIELDS.map((key) => [key, all[key] as number | undefined]));
}
