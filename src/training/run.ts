import { peakRssBytes, rssBytes, uptimeSeconds } from "#platform";
import { checkTexts } from "../assemble/data.ts";
import { countParameters } from "../assemble/graphs.ts";
import { weightsOf } from "../assemble/prepare.ts";
import { CheckpointError, DivergedError, InterruptedError, LowrankError } from "../errors.ts";
import type { MemoryBytes, StepEvent, TrainEvent, TrainResults } from "../events/events.ts";
import { METHOD_RECIPES } from "../methods/keys/index.ts";
import { DEFAULT_THRESHOLD } from "../metrics/multi-label.ts";
import { isUnder } from "../peft/targets.ts";
import type { Finished, Job } from "../prepared/job.ts";
import { Random } from "../random.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { Example, Examples, Scores, Split } from "../tasks/definition.ts";
import { taskOf } from "../tasks/index.ts";
import { acceptJob } from "./checked.ts";
import { runFacts } from "./checkpoints/facts.ts";
import { type DivergenceWatch, diverged, exploded, notFinite, watchDivergence } from "./divergence.ts";
import { memoryByCategory } from "./memory/memory.ts";
import { totalBytes } from "./memory/planned-memory.ts";
import { optimizerOf } from "./optimizer.ts";
import { earlierRun, openOutput } from "./output.ts";
import { startOf } from "./progress.ts";
import { countSteps, type EpochPlan, epochPlan, learningRateScale, learningRates, type Steps } from "./schedule.ts";
import { NotFiniteError, scoreModel } from "./scoring.ts";
import { type OpenStage, stageAt } from "./stage.ts";
import { noOutput, type Run, trainedOf } from "./state.ts";
import { optimizerStep, type StepContext } from "./steps.ts";
import { tokenized } from "./tokenized.ts";
import { unfreezingStages, unreachedStages } from "./unfreezing.ts";

/**
 * Trains as a job says: yields what happens, returns the trained parameters. Runs wherever it is called; `train` puts
 * it into a thread, because the engine blocks its own.
 *
 * @throws {InterruptedError} once `shouldStop` says so, after writing a checkpoint.
 * @throws {DivergedError} when loss, gradients or scores stop being finite, or the loss explodes; the last good state is
 *   saved.
 */
export async function* runJob(job: Job, shouldStop: () => boolean): AsyncGenerator<TrainEvent, Finished, void> {
  const { run: begun, validation, test, warnings } = yield* begin(job, shouldStop);
  let run = begun;
  const { recipe, model, output } = run;
  try {
    yield await tell(run, { kind: "start", header: headerOf(run) });
    for (const message of warnings) yield await tell(run, { kind: "warning", message });
    const watch = watchDivergence(run, rateScaleOf(run));
    const clock = yield* trainSteps(run, watch, validation, shouldStop);
    const grew = watch.warning();
    if (grew !== undefined) yield await tell(run, { kind: "warning", message: grew });
    const results = resultsOf(run, clock);
    run = await withThreshold(run, validation, shouldStop);
    await output.writeModel(run);
    const final = test ? yield* tokenized(test, model, shouldStop) : { examples: validation, warnings: [] };
    for (const message of final.warnings) yield await tell(run, { kind: "warning", message });
    if (final.examples) {
      const scored = await evaluate(run, watch, final.examples, shouldStop).catch(async (error: unknown) => {
        if (error instanceof DivergedError) await output.writeModel(run); // which is the last good state now
        throw error;
      });
      if (!scored) throw interruptedAtTheEnd(run);
      yield await tell(run, scored.event);
      await output.writeEvaluation(scored.scores);
    }
    await output.writeResults(run, results);
    yield await tell(run, { kind: "done", results });
    final.examples?.close();
  } finally {
    run.examples.close();
    validation?.close();
    await output.close();
  }
  const { threshold } = run.model;
  return {
    trained: trainedOf(run),
    labels: model.labels.names,
    step: run.progress.step,
    recipe,
    ...(threshold !== undefined && { threshold }),
  };
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

/** A run that may begin. */
interface Ready {
  readonly run: Run;
  /** What the run is measured on before its end. */
  readonly validation: Examples | undefined;
  readonly test: Split | undefined;
  readonly warnings: readonly string[];
}

/** Reads and checks all that a run needs; writes nothing yet. */
async function* begin(job: Job, shouldStop: () => boolean): AsyncGenerator<TrainEvent, Ready, void> {
  const { model, data, start } = await acceptJob(job);
  const { train, validation, test } = data;
  const { recipe } = model.source;
  if (test) await checkTexts(test, model);
  const { examples, warnings } = yield* tokenized(train, model, shouldStop, { onDemand: true });
  const validates = validation && (recipe.eval_strategy !== "end" || !test || taskOf(recipe).choosesThreshold);
  const validated = validates ? yield* tokenized(validation, model, shouldStop) : undefined;
  warnings.push(...(validated?.warnings ?? []));

  const baseBytes = rssBytes();

  const random = Random.seed(recipe.seed);
  const facts = await runFacts(model, data, job.rows);
  const { progress, warnings: told } = await startOf(model, facts);
  warnings.push(...told);
  const given = new Map([...start, ...progress.weights]);
  const { weights, fresh } = await weightsOf(model, random.stream("init"), given);
  const optimizer = optimizerOf(recipe);
  if (progress.step > 0) {
    random.restore(progress.random);
    optimizer.restore(progress.optimizer);
  }
  const steps = countSteps(recipe, examples.lengths);
  const stages = unfreezingStages(recipe, model.architecture, model.graph, steps.total);
  warnings.unshift(...(job.warnings ?? []), ...model.warnings, ...unreachedStages(stages, steps.total));
  if (progress.step > steps.total) throw beyondEnd(progress.step, steps.total);
  const earlier = job.write && progress.step === 0 ? await earlierRun(recipe.output_dir) : undefined;
  if (earlier !== undefined) warnings.push(earlier);
  const output = job.write ? await openOutput(model, progress, facts, job.lock) : noOutput;
  const heads = fresh.filter((name) => !isUnder(name, model.architecture.trainedHeads));
  if (heads.length > 0 && !METHOD_RECIPES[recipe.method].trainsBase) {
    warnings.push(`the checkpoint lacks ${heads.join(", ")}: they start at random and this method does not train them`);
  }
  const run = { recipe, model, weights, optimizer, random, steps, stages, examples, progress, output, baseBytes };
  return { run, validation: validated?.examples, test, warnings };
}

/** Logs an event and passes it on. */
async function tell<Event extends TrainEvent>(run: Run, event: Event): Promise<Event> {
  await run.output.log(event);
  return event;
}

/** Times of a run, in seconds since it was asked for. */
interface Clock {
  readonly trainSeconds: number;
  /** From process start. */
  readonly firstStepSeconds: number;
  /** Real tokens trained on since `trainSeconds` counts. */
  readonly tokens: number;
  readonly peakRssBytes: number;
  /** By how much the process grew when the engine was opened. */
  readonly engineBytes: number;
  /** What was predicted before the first step; a run that has none left does not predict. */
  readonly planned?: MemoryBytes;
}

async function* trainSteps(
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
    while (progress.step < steps.total) {
      const { epoch, place } = steps.at(progress.step);
      if (plan?.epoch !== epoch) plan = { epoch, of: epochPlan(recipe, examples.lengths, epoch) };
      stage = await stageAt(run, stage, batchesAhead(run, plan.of), validated);
      watch.begin();
      const rows = [...plan.of.microBatches(place, place + 1)];
      const streams = streamsOf(recipe, progress.step);
      const batches = rows.map((batch, i) =>
        shown(
          run,
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
      if (progress.step % recipe.logging_steps === 0 || progress.step === steps.total) yield await tell(run, event);
      yield* betweenSteps(run, watch, validation, shouldStop);
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
  const trainSeconds = (performance.now() - started) / 1000;
  const peak = peakRssBytes();
  if (recipe.load_best_model_at_end) yield* restoreBest(run);
  const { planned, engineBytes = 0 } = stage ?? {};
  const tokens = progress.numTokens - resumedTokens;
  return { trainSeconds, firstStepSeconds, tokens, peakRssBytes: peak, engineBytes, ...(planned && { planned }) };
}

/** Multiplies the step's learning rate for a parameter. */
function rateScaleOf({ recipe, model }: Run): (name: string) => number {
  return learningRateScale(recipe, (name) => isUnder(name, model.architecture.trainedHeads));
}

/** Ends with the best state, or with the last one if the best can no longer be read: what was trained is written either way. */
async function* restoreBest(run: Run): AsyncGenerator<TrainEvent> {
  const { progress, weights, model, recipe } = run;
  try {
    await progress.restoreBest(weights, model.graph, recipe.method);
  } catch (error) {
    if (!(error instanceof LowrankError)) throw error;
    const message = `the best state cannot be restored, and the last one is kept instead: ${error.message}`;
    yield await tell(run, { kind: "warning", message });
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

/** The examples of a micro-batch as a step sees them. */
function shown({ recipe, model }: Run, examples: readonly Example[], random: Random): readonly Example[] {
  const { draw } = taskOf(recipe);
  return draw ? examples.map((example) => draw(example, model.tokenizer, recipe, random)) : examples;
}

/** Evaluates and saves where the recipe's strategies say so. */
async function* betweenSteps(
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
    yield await tell(run, scored.event);
  }
  if (isDue(run, "save") || (improved && recipe.load_best_model_at_end)) {
    const path = await run.output.writeCheckpoint(run, improved);
    if (path === undefined) return;
    watch.noteCheckpoint(path);
    yield await tell(run, { kind: "save", step: progress.step, path });
  }
}

/** Whether the recipe has this done after the step at hand. */
function isDue({ recipe, progress, steps }: Run, what: "eval" | "save"): boolean {
  const strategy = recipe[`${what}_strategy`];
  if (strategy === "steps") return progress.step % (recipe[`${what}_steps`] ?? 1) === 0;
  return strategy === "epoch" && (steps.at(progress.step).place === 0 || progress.step === steps.total);
}

type EvalEvent = Extract<TrainEvent, { kind: "eval" }>;

interface Evaluation {
  readonly event: EvalEvent;
  readonly scores: Scores;
}

/** @returns nothing once `stop` says so. */
async function evaluate(
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

function headerOf({ recipe, model, steps, examples }: Run): Extract<TrainEvent, { kind: "start" }>["header"] {
  const { trainable, total } = countParameters(model.graph, model.base);
  return {
    model: recipe.model_name_or_path,
    method: recipe.method,
    taskType: recipe.task_type,
    device: "cpu",
    trainableParameters: trainable,
    totalParameters: total,
    examples: examples.length,
    epochs: steps.epochs(steps.total),
    steps: steps.total,
    batchSize: batchSizeOf(recipe, examples.length, steps),
    outputDir: recipe.output_dir,
  };
}

/** Examples an optimizer step; with `max_batch_tokens` their mean over the first epoch. */
function batchSizeOf(recipe: ResolvedRecipe, examples: number, steps: Steps): number {
  const { max_batch_tokens, per_device_train_batch_size, gradient_accumulation_steps } = recipe;
  if (max_batch_tokens !== undefined) return examples / steps.at(0).steps;
  return per_device_train_batch_size * gradient_accumulation_steps;
}

function resultsOf({ model, optimizer, steps, progress, baseBytes }: Run, clock: Clock): TrainResults {
  const { trainable, total } = countParameters(model.graph, model.base);
  const { planned, peakRssBytes: peak, engineBytes } = clock;
  return {
    trainableParameters: trainable,
    totalParameters: total,
    trainablePercent: (100 * trainable) / total,
    trainSeconds: clock.trainSeconds,
    firstStepSeconds: clock.firstStepSeconds,
    steps: steps.total,
    numTokens: progress.numTokens,
    tokensPerSecond: clock.tokens / clock.trainSeconds,
    peakRssBytes: peak,
    memoryBytes: memoryByCategory(model.graph, optimizer.bytes(), peak, baseBytes + engineBytes),
    ...(planned && { plannedPeakRssBytes: totalBytes(planned), plannedMemoryBytes: planned }),
  };
}

async function interrupted(run: Run): Promise<InterruptedError> {
  const path = await run.output.writeCheckpoint(run, false);
  return new InterruptedError(`stopped after step ${run.progress.step} of ${run.steps.total}.`, {
    ...(path !== undefined && { where: path, hint: "--resume_from_checkpoint true goes on from here." }),
  });
}

/** The weights may be the best state's by now: a checkpoint of them would go with another state's optimizer. */
function interruptedAtTheEnd({ recipe }: Run): InterruptedError {
  const saved = recipe.save_strategy !== "no";
  return new InterruptedError("stopped while the trained model was evaluated; training itself was done.", {
    ...(saved && { where: recipe.output_dir, hint: "the trained model is saved there; lowrank evaluate scores it." }),
  });
}

const beyondEnd = (step: number, total: number): CheckpointError =>
  new CheckpointError(`the checkpoint is at step ${step}, and this run ends at step ${total}`, {
    where: "resume_from_checkpoint",
    expected: `num_train_epochs or max_steps that lead to step ${step} or beyond`,
  });
