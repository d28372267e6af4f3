import { givenKeys } from "../../recipe/given.ts";
import { resolveRecipe } from "../../recipe/resolve.ts";
import type { Recipe } from "../../recipe/schema.ts";
import type { Method } from "../../recipe/task.ts";
import type { Job } from "../loop/job.ts";
import { checkLabels, type RunData, readData } from "./data.ts";
import { openBase, prepare } from "./prepare.ts";
import type { Prepared } from "./prepared.ts";
import { countSteps } from "./schedule.ts";
import { withStartingAdapter } from "./start-from.ts";
import { unfreezingStages } from "./unfreezing.ts";

/** A run that could begin: nothing is read but headers and data, nothing computed, nothing written. */
export interface CheckedRun {
  readonly job: Job;
  readonly model: Prepared;
  readonly data: RunData;
}

/**
 * Does with a recipe what a run does before its first step, weights and tokens left out.
 * @throws {LowrankError} as the run would, when recipe, model, adapter or data are not usable.
 */
export async function checkRun(recipe: Recipe, method: Method = recipe.method): Promise<CheckedRun> {
  const job: Job = { recipe: resolveRecipe(recipe, method), givenKeys: givenKeys(recipe, method), write: false };
  const found = await openBase(job.recipe);
  const begun = await withStartingAdapter(job, found);
  const data = await readData(begun.recipe);
  const model = prepare(begun.recipe, found, data.train);
  begun.check(model);
  checkLabels(data, model.labels);
  const settled = model.source.recipe;
  unfreezingStages(settled, model.architecture, model.graph, countSteps(settled, data.train.size).total);
  return { job, model, data };
}
