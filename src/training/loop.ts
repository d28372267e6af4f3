import { peakRssBytes, rssBytes, uptimeSeconds, yieldThread } from "#platform";
import { LowrankError } from "../errors.ts";
import type { MemoryBytes, StepEvent, TrainEvent } from "../events/events.ts";
import { isUnder } from "../peft/targets.ts";
import { Random } from "../random.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { Examples } from "../tasks/definition.ts";
import { betweenSteps, interrupted, isDue } from "./between-steps.ts";
import { type DivergenceWatch, diverged, exploded, notFinite } from "./divergence.ts";
import { type EpochPlan, epochPlan, learningRateScale, learningRates } from "./schedule.ts";
import { type OpenStage, stageAt } from "./stage.ts";
import { drawnFor, type Run } from "./state.ts";
import { optimizerStep, type StepContext } from "./steps.ts";

/** Times of a run, in seconds since it was asked for. */
export interface Clock {
  readonly trainSeconds: number;
  /** From process start. */
  readonly firstStepSeconds: number;
  /** Real tokens trained on since `trainSeconds` counts. */
  readonly tokens: number;
  readonly peakRssBytes: number;
  /** By how much the process grew when the engine was opened. */
  readonly engineBytes: number;
  /** Memory predicted before the first step; absent when no step is left. */
  readonly planned?: MemoryBytes;
}

/**
 * Trains to the last step, or from where a checkpoint left off.
 * @throws {InterruptedError} once `shouldStop` says so, after writing a checkpoint. @throws {DivergedError}
 */
export async function* trainSteps(
  run: Run,
  watch: DivergenceWatch,
  validation: Examples | undefined,
  shouldStop: () => boolean,
): AsyncGenerator<TrainEvent, Clock, void> {
  const { recipe, progress, steps, examples, model } = run;
  const rates = learningRates(recipe, steps.total);
  const rateScale = rateScaleOf(run);
  const resumedTokens = progress.numTokens;
  const started = performance.now();
  const validated = recipe.eval_strategy === "end" ? undefined : validation;
  let firstStepSeconds = 0;
  let stage: OpenStage | undefined;
  let plan: { readonly epoch: number; readonly of: EpochPlan } | undefined;

  const evaluationCutShort = progress.step > 0 && isDue(run, "eval") && !progress.evaluated;
  if (evaluationCutShort) yield* betweenSteps(run, watch, validation, shouldStop);
  try {
    while (progress.step < steps.total && !progress.stopsEarly(recipe)) {
      const { epoch, place } = steps.at(progress.step);
      if (plan?.epoch !== epoch) plan = { epoch, of: epochPlan(recipe, examples.lengths, epoch) };
      stage = await stageAt(run, stage, batchesAhead(run, plan.of), validated);
      watch.begin();
      const rows = [...plan.of.microBatches(place, place + 1)];
      const streams = streamsOf(recipe, progress.step);
      const batches = rows.map((batch, i) =>
        drawnFor(
          model,
          batch.map((row) => examples.at(row)),
          streams("masking", i),
        ),
      );
      const learningRate = rates(progress.step);
      const context: StepContext = {
        ...{ ...run, ...stage, padId: model.tokenizer.padId, learningRateScale: rateScale },
        masks: (microBatch) => streams("dropout", microBatch),
        beforeUpdate: watch.noteLoss,
      };
      const { loss, gradNorm, realTokens } = await optimizerStep(context, batches, learningRate);
      if (!Number.isFinite(loss) || !Number.isFinite(gradNorm))
        throw await notFinite(run, watch, context, { loss, gradNorm }, batches.flat());
      if (watch.isLost()) throw await exploded(run, watch, progress.step + 1);

      progress.step++;
      progress.numTokens += realTokens;
      if (firstStepSeconds === 0) firstStepSeconds = uptimeSeconds();
      const seconds = (performance.now() - started) / 1000;
      const event: StepEvent = {
        kind: "step",
        step: progress.step,
        steps: steps.total,
        epoch: steps.epochs(progress.step),
        loss,
        learningRate,
        gradNorm,
        numTokens: progress.numTokens,
        tokensPerSecond: (progress.numTokens - resumedTokens) / seconds,
        rssBytes: rssBytes(),
      };
      if (progress.step % recipe.logging_steps === 0 || progress.step === steps.total) yield event;
      yield* betweenSteps(run, watch, validation, shouldStop);
      await yieldThread(); // where the caller's thread trains: let its signals through
      if (shouldStop()) throw await interrupted(run);
    }
    if (watch.isLost(1)) throw await exploded(run, watch, progress.step);
    const damaged = watch.damaged();
    if (damaged !== undefined) {
      throw await diverged(run, watch, { what: `${damaged} is not finite after step ${progress.step}` });
    }
  } finally {
    await stage?.session.close();
  }
  if (progress.step < steps.total) yield earlyStop(run);
  const trainSeconds = (performance.now() - started) / 1000;
  const peak = peakRssBytes();
  if (recipe.load_best_model_at_end) yield* restoreBest(run);
  const { planned, engineBytes = 0 } = stage ?? {};
  const tokens = progress.numTokens - resumedTokens;
  return { trainSeconds, firstStepSeconds, tokens, peakRssBytes: peak, engineBytes, ...(planned && { planned }) };
}

function earlyStop({ progress, steps, recipe }: Run): TrainEvent {
  const { metric_for_best_model: metric = "eval_loss", early_stopping_patience: patience = 0 } = recipe;
  const evaluations = patience === 1 ? "the last evaluation" : `the last ${patience} evaluations`;
  const message = `stopped early at step ${progress.step} of ${steps.total}: ${evaluations} did not improve ${metric}.`;
  return { kind: "early_stop", step: progress.step, message };
}

/** Multiplies the step's learning rate for a parameter. */
export function rateScaleOf({ recipe, model }: Run): (name: string) => number {
  return learningRateScale(recipe, (name) => isUnder(name, model.architecture.trainedHeads));
}

/** Ends with the best state, or with the last one if the best can no longer be read: what was trained is written either way. */
async function* restoreBest(run: Run): AsyncGenerator<TrainEvent> {
  const { progress, weights, model, recipe } = run;
  try {
    await progress.restoreBest(weights, model.graph, recipe);
  } catch (error) {
    if (!(error instanceof LowrankError)) throw error;
    const message = `the best state cannot be restored, so the last one is used: ${error.message}`;
    yield { kind: "warning", message };
  }
}

/** The micro-batches that are left of an epoch, as far as the run goes. */
function batchesAhead({ progress, steps }: Run, epoch: EpochPlan): Iterable<readonly number[]> {
  const { place } = steps.at(progress.step);
  return epoch.microBatches(place, place + steps.total - progress.step);
}

/**
 * The generators of a step, by use and micro-batch. They depend on seed, step and micro-batch alone: several processes draw
 * what one would, and a run that is resumed what one that never stopped would.
 */
const streamsOf =
  ({ seed }: ResolvedRecipe, step: number) =>
  (use: "dropout" | "masking", microBatch: number): Random =>
    Random.seed(seed).stream(`${use} of step ${step}, micro-batch ${microBatch}`);
