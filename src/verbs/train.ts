import type { TrainEvent } from "../events/events.ts";
import type { Finished } from "../prepared/job.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { Recipe } from "../recipe/schema.ts";
import { startJob } from "../training/thread/start-job.ts";
import { type ModelOptions, openJob } from "./job-of.ts";
import { Model } from "./model.ts";

/** Options of a run. */
export interface RunOptions {
  /** Aborting it ends the run after the step at hand; with an output folder, a checkpoint is written. A model keeps what was trained. */
  readonly signal?: AbortSignal;
}

/** The data of a model and how it is trained on them. */
export type TrainOptions = ModelOptions & RunOptions;

/**
 * Trains in a thread of its own and yields what happens. A recipe's run writes its output folder. A model holds what was
 * trained afterwards, also when the run was aborted or the loop was left with `break`; it goes on from that in a further
 * call, and writes a folder only for `outputDir`.
 *
 * @throws {LowrankError} before anything is written when recipe, options, model or data are not usable.
 */
export function train(recipe: Recipe | ResolvedRecipe, options?: RunOptions): AsyncGenerator<TrainEvent, void, void>;
export function train(model: Model, options: TrainOptions): AsyncGenerator<TrainEvent, void, void>;
export async function* train(
  subject: Recipe | ResolvedRecipe | Model,
  { signal, ...options }: Partial<TrainOptions> = {},
): AsyncGenerator<TrainEvent, void, void> {
  const onTrained = (finished: Finished): void => {
    if (subject instanceof Model) subject.finished = finished;
  };
  const { job, release } = await openJob(subject, options);
  try {
    for await (const event of startJob(job, { signal, onTrained })) {
      if (event.kind === "start") await release();
      yield event;
    }
  } finally {
    await release();
  }
}
