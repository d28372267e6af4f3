import { exists } from "#platform";
import { firstRows, type Row } from "../data/row.ts";
import { CheckpointError } from "../errors.ts";
import { LABEL_LISTS } from "../examples/label-lists.ts";
import { isGguf } from "../formats/gguf/model/read-gguf.ts";
import { resolveModelFolder } from "../formats/hub/resolve.ts";
import type { JsonObject } from "../formats/json/json.ts";
import { readConfig } from "../formats/transformers/config.ts";
import type { RowsInMemory } from "../prepared/job.ts";
import type { Base } from "../prepared/prepared.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { TASK_FACTS } from "../task-types/index.ts";
import { lossTypeOf, problemTypeOf } from "../tasks/index.ts";
import { wholeRows } from "./dataset.ts";

/** Rows whose labels are looked at. */
const SEEN = 1000;

/** A `config.json`, and its path for messages. */
export interface HeadConfig {
  readonly config: JsonObject;
  readonly where: string;
}

/**
 * The recipe with its `problem_type` settled as transformers settles it: its own, else that of `config.json`, else by the
 * labels of the data. It stays unset where a text has one label. Of embeddings the `loss_type` is settled.
 *
 * @param stored The `config.json` of what is trained or evaluated.
 * @param split The split whose labels decide; if rows are held back, the whole that they are from.
 * @throws {CheckpointError} for a `problem_type` in `config.json` that is unknown.
 * @throws {DataError} when the data are missing.
 */
export async function withProblemType(
  recipe: ResolvedRecipe,
  stored: HeadConfig,
  split: string,
  rows?: RowsInMemory,
): Promise<ResolvedRecipe> {
  if (TASK_FACTS[recipe.task_type].lossTypes) return withLossType(recipe, split, rows);
  const settled = withStoredProblemType(recipe, stored);
  if (!TASK_FACTS[recipe.task_type].problemTypes || settled.problem_type !== undefined) return settled;
  const { label_column } = recipe;
  const names = label_column === LABEL_LISTS[0] ? LABEL_LISTS : [label_column];
  const labels: unknown[] = [];
  const labelOf = ({ values }: Row): unknown => names.map((name) => values[name]).find((value) => value !== undefined);
  for await (const row of firstRows(await wholeRows(recipe, split, rows), SEEN)) labels.push(labelOf(row));
  const found = problemTypeOf(labels);
  return found === undefined ? recipe : { ...recipe, problem_type: found };
}

/** The recipe with its `loss_type` settled: its own, else that of the data's columns. @throws {DataError} when the data are missing. */
async function withLossType(recipe: ResolvedRecipe, split: string, rows?: RowsInMemory): Promise<ResolvedRecipe> {
  if (recipe.loss_type !== undefined) return recipe;
  for await (const { values } of firstRows(await wholeRows(recipe, split, rows), 1)) {
    const found = lossTypeOf(Object.keys(values), recipe);
    if (found !== undefined) return { ...recipe, loss_type: found };
  }
  return recipe;
}

/** The recipe with the `problem_type` of a `config.json`, unless it has one. @throws {CheckpointError} for one that is unknown. */
export function withStoredProblemType(recipe: ResolvedRecipe, { config, where }: HeadConfig): ResolvedRecipe {
  const { problem_type } = config;
  const { problemTypes } = TASK_FACTS[recipe.task_type];
  if (!problemTypes || recipe.problem_type !== undefined || problem_type == null) return recipe;
  const known = problemTypes.find((name) => name === problem_type);
  if (known !== undefined) return { ...recipe, problem_type: known };
  throw new CheckpointError(`problem_type ${String(problem_type)} is not supported`, {
    where,
    expected: problemTypes.join(", "),
    hint: "problem_type in the recipe overrides it.",
  });
}

/** The `config.json` of a base model. */
export const configOf = ({ checkpoint: { config, folder } }: Base): HeadConfig => ({
  config,
  where: `${folder}/config.json`,
});

/** The `config.json` of what was trained: beside an adapter, else of its base model; empty where there is none. */
export async function trainedConfig(recipe: ResolvedRecipe, adapter?: string): Promise<HeadConfig> {
  const { model_name_or_path: model, model_revision } = recipe;
  const beside = adapter === undefined ? undefined : await resolveModelFolder(adapter);
  const isBeside = beside !== undefined && (await exists(`${beside}/config.json`));
  if (!isBeside && (await isGguf(model))) return { config: {}, where: model };
  const folder = isBeside ? beside : await resolveModelFolder(model, model_revision);
  return { config: await readConfig(folder), where: `${folder}/config.json` };
}
