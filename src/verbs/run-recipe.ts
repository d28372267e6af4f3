import type { TrainEvent } from "../events/events.ts";
import { givenKeys } from "../recipe/given.ts";
import { type ResolvedRecipe, resolveRecipe } from "../recipe/resolve.ts";
import type { Recipe } from "../recipe/schema.ts";
import { withoutEffect } from "../recipe/without-effect.ts";
import { startJob } from "../training/start-job.ts";

/** How a recipe is run. */
export interface RunOptions {
  /** Aborting it ends the run after the step at hand; a checkpoint is written. */
  readonly signal?: AbortSignal;
}

/**
 * Trains as a recipe says and writes its output folder.
 * @throws {LowrankError} before anything is written when recipe, model or data are not usable.
 */
export async function* runRecipe(
  recipe: Recipe | ResolvedRecipe,
  { signal }: RunOptions = {},
): AsyncGenerator<TrainEvent> {
  const given = recipe as Recipe;
  const job = {
    recipe: resolveRecipe(given),
    givenKeys: givenKeys(given),
    warnings: withoutEffect(given),
    write: true,
  };
  yield* startJob(job, signal);
}
