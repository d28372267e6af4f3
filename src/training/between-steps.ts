import { InterruptedError } from "../errors.ts";
import type { TrainEvent } from "../events/events.ts";
import type { Examples, Scores } from "../tasks/definition.ts";
import { type DivergenceWatch, diverged, exploded } from "./divergence.ts";
import { NotFiniteError, scoreModel } from "./scoring.ts";
import type { Run } from "./state.ts";

/** Evaluates and saves where the recipe's strategies say so. */
export async function* betweenSteps(
  run: Run,
  watch: DivergenceWatch,
  validation: Examples | undefined,
  shouldStop: () => boolean,
): AsyncGenerator<TrainEvent> {
  const { recipe, progress } = run;
  let improved = false;
  if (validation && isDue(run, "eval")) {
    const scored = await evaluate(run, watch, validation, shouldStop);
    if (!scored) throw await interrupted(run);
    improved = progress.noteEvaluation(scored.event.metrics);
    yield scored.event;
  }
  if (isDue(run, "save") || (improved && recipe.load_best_model_at_end)) {
    const path = await run.output.writeCheckpoint(run, improved);
    if (path === undefined) return;
    watch.noteCheckpoint(path);
    yield { kind: "save", step: progress.step, path };
  }
}

/** True when the recipe has this done after the step at hand. */
export function isDue({ recipe, progress, steps }: Run, what: "eval" | "save"): boolean {
  const strategy = recipe[`${what}_strategy`];
  if (strategy === "steps") return progress.step % (recipe[`${what}_steps`] ?? 1) === 0;
  return strategy === "epoch" && (steps.at(progress.step).place === 0 || progress.step === steps.total);
}

type EvalEvent = Extract<TrainEvent, { kind: "eval" }>;

/** Scores, and the event that tells of them. */
export interface Evaluation {
  readonly event: EvalEvent;
  readonly scores: Scores;
}

/**
 * Scores a model on examples.
 * @returns nothing once `stop` says so. @throws {DivergedError}
 */
export async function evaluate(
  run: Run,
  watch: DivergenceWatch,
  examples: Examples,
  stop: () => boolean,
): Promise<Evaluation | undefined> {
  const { model, weights, progress, steps } = run;
  const { step } = progress;
  const scores = await scoreModel(model, weights, examples, stop).catch(async (cause: unknown) => {
    if (!(cause instanceof NotFiniteError)) throw cause;
    throw await diverged(run, watch, { what: `${cause.what} after step ${step}`, where: cause.where, cause });
  });
  if (!scores) return undefined;
  const { eval_loss: loss } = scores.metrics;
  if (!watch.isSane(loss)) throw await exploded(run, watch, step, loss);
  return { event: { kind: "eval", step, epoch: steps.epochs(step), metrics: scores.metrics }, scores };
}

/** The error of a run that was asked to stop, after it wrote a checkpoint. */
export async function interrupted(run: Run): Promise<InterruptedError> {
  const path = await run.output.writeCheckpoint(run, false);
  return new InterruptedError(`stopped after step ${run.progress.step} of ${run.steps.total}.`, {
    ...(path !== undefined && { where: path, hint: "--resume_from_checkpoint true continues from here." }),
  });
}
