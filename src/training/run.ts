import { DivergedError, InterruptedError } from "../errors.ts";
import type { TrainEvent } from "../events/events.ts";
import { DEFAULT_THRESHOLD } from "../metrics/multi-label.ts";
import type { Finished, Job } from "../prepared/job.ts";
import { PROGRAM } from "../program.ts";
import type { Examples } from "../tasks/definition.ts";
import { taskOf } from "../tasks/index.ts";
import { begin, type Ready } from "./begin.ts";
import { evaluate, interrupted } from "./between-steps.ts";
import { type DivergenceWatch, watchDivergence } from "./divergence.ts";
import { rateScaleOf, trainSteps } from "./loop.ts";
import { headerOf, resultsOf } from "./results.ts";
import { scoreModel } from "./scoring.ts";
import { type Output, type Run, trainedOf } from "./state.ts";
import { tokenized } from "./tokenized.ts";

/**
 * Trains as a job says: yields what happens, returns the trained parameters. Runs wherever it is called; `train` puts
 * it into a thread, because the engine blocks its own.
 *
 * @param onStopped Called with what was trained when the run ends before its time, unless it is no longer finite.
 * @throws {InterruptedError} once `shouldStop` says so, after writing a checkpoint.
 * @throws {DivergedError} when loss, gradients or scores stop being finite, or the loss explodes; the last good state is
 *   saved.
 */
export async function* runJob(
  job: Job,
  shouldStop: () => boolean,
  onStopped?: (finished: Finished) => void,
): AsyncGenerator<TrainEvent, Finished, void> {
  const ready = yield* begin(job, shouldStop);
  const { examples, output } = ready.run;
  try {
    return yield* logged(trainAndScore(ready, shouldStop), output);
  } catch (error) {
    const isEarly = error instanceof InterruptedError || error instanceof DivergedError;
    if (onStopped && isEarly && ready.run.progress.step > 0) {
      const finished = finishedOf(ready.run);
      if (isFiniteIn(finished)) onStopped(finished);
    }
    throw error;
  } finally {
    examples.close();
    ready.validation?.close();
    await output.close();
  }
}

/** Events that are written to the log of a run before anyone sees them. */
async function* logged<Result>(
  events: AsyncGenerator<TrainEvent, Result, void>,
  output: Output,
): AsyncGenerator<TrainEvent, Result, void> {
  try {
    for (;;) {
      const { done, value } = await events.next();
      if (done) return value;
      await output.log(value);
      yield value;
    }
  } finally {
    await events.return(undefined as never);
  }
}

async function* trainAndScore(ready: Ready, shouldStop: () => boolean): AsyncGenerator<TrainEvent, Finished, void> {
  const { validation, warnings } = ready;
  yield { kind: "start", header: headerOf(ready.run, ready.heldBack) };
  for (const message of warnings) yield { kind: "warning", message };
  const watch = watchDivergence(ready.run, rateScaleOf(ready.run));
  const clock = yield* trainSteps(ready.run, watch, validation, shouldStop);
  const grew = watch.warning();
  if (grew !== undefined) yield { kind: "warning", message: grew };
  const run = await withThreshold(ready.run, validation, shouldStop);
  const results = resultsOf(run, clock);
  await run.output.writeModel(run);
  yield* scoreAtTheEnd(ready, run, watch, shouldStop);
  for (const message of await run.output.writeResults(run, results)) yield { kind: "warning", message };
  yield { kind: "done", results };
  return finishedOf(run);
}

/** Result of a run, as far as it has come. */
function finishedOf(run: Run): Finished {
  const { labels, threshold } = run.model;
  return {
    trained: trainedOf(run),
    labels: labels.names,
    step: run.progress.step,
    recipe: run.recipe,
    ...(threshold !== undefined && { threshold }),
  };
}

const isFiniteIn = ({ trained }: Finished): boolean =>
  [...trained.values()].every(({ data }) => data.every(Number.isFinite));

/** Scores the trained model on the test split, or without one on the validation split. */
async function* scoreAtTheEnd(
  { test, validation }: Ready,
  run: Run,
  watch: DivergenceWatch,
  shouldStop: () => boolean,
): AsyncGenerator<TrainEvent> {
  const final = test ? yield* tokenized(test, run.model, shouldStop) : { examples: validation, warnings: [] };
  for (const message of final.warnings) yield { kind: "warning", message };
  if (!final.examples) return;
  const scored = await evaluate(run, watch, final.examples, shouldStop).catch(async (error: unknown) => {
    if (error instanceof DivergedError) await run.output.writeModel(run); // which is the last good state now
    throw error;
  });
  if (!scored) throw interruptedAtTheEnd(run);
  yield scored.event;
  await run.output.writeEvaluation(scored.scores);
  final.examples.close();
}

/** The run whose model has the threshold that is best on the validation split; without one the usual threshold. */
async function withThreshold(run: Run, validation: Examples | undefined, shouldStop: () => boolean): Promise<Run> {
  const { model, weights, recipe } = run;
  if (!taskOf(recipe).choosesThreshold) return run;
  const scores = validation ? await scoreModel(model, weights, validation, shouldStop) : undefined;
  if (validation && !scores) throw await interrupted(run);
  const threshold = Number(scores?.metrics.eval_threshold ?? DEFAULT_THRESHOLD);
  return { ...run, model: { ...model, threshold } };
}

/** The weights may be the best state's by now: a checkpoint of them would go with another state's optimizer. */
function interruptedAtTheEnd({ recipe }: Run): InterruptedError {
  const saved = recipe.save_strategy !== "no";
  return new InterruptedError("stopped during the final evaluation; training was complete.", {
    ...(saved && {
      where: recipe.output_dir,
      hint: `the trained model is saved there; ${PROGRAM} evaluate computes its scores.`,
    }),
  });
}
