import { rssBytes } from "#platform";
import { checkTexts } from "../assemble/data.ts";
import { weightsOf } from "../assemble/prepare.ts";
import { chooseDevice } from "../devices/choose.ts";
import { CPU } from "../devices/engine.ts";
import { CheckpointError } from "../errors.ts";
import type { HeldBackRows, TrainEvent } from "../events/events.ts";
import { METHOD_RECIPES } from "../methods/keys/index.ts";
import { isUnder } from "../peft/targets.ts";
import type { Job } from "../prepared/job.ts";
import { Random } from "../random.ts";
import type { Examples, Split } from "../tasks/definition.ts";
import { taskOf } from "../tasks/index.ts";
import { acceptJob } from "./checked.ts";
import { runFacts } from "./checkpoints/facts.ts";
import { checkedDevice } from "./device.ts";
import { heapPlan, refuseBeyondHeap } from "./memory/heap.ts";
import { parameterBytes } from "./memory/memory.ts";
import { optimizerOf } from "./optimizer.ts";
import { earlierRun, openOutput } from "./output.ts";
import { startOf } from "./progress.ts";
import { countSteps } from "./schedule.ts";
import { withEvaRanks } from "./start-from.ts";
import { noOutput, type Run } from "./state.ts";
import { tokenized } from "./tokenized.ts";
import { unfreezingStages, unreachedStages } from "./unfreezing.ts";

/** A run that may begin. */
export interface Ready {
  readonly run: Run;
  /** Examples for evaluations before the end. */
  readonly validation: Examples | undefined;
  readonly test: Split | undefined;
  readonly heldBack: HeldBackRows | undefined;
  readonly warnings: readonly string[];
}

/** Reads and checks all that a run needs; writes nothing yet. */
export async function* begin(job: Job, shouldStop: () => boolean): AsyncGenerator<TrainEvent, Ready, void> {
  const accepted = await acceptJob(job);
  const { model: asked, data, warnings: ofData } = accepted;
  const { train, validation, test, heldBack } = data;
  const { recipe: askedRecipe } = asked.source;
  const choice = await chooseDevice(askedRecipe.device, asked.graph);
  const { weights: floats, quantizedWeights } = parameterBytes(asked.graph);
  if (choice.engine === CPU) refuseBeyondHeap(heapPlan(floats + quantizedWeights)); // the least that the run needs
  if (test) await checkTexts(test, asked);
  const { examples, warnings } = yield* tokenized(train, asked, shouldStop, { onDemand: true });
  const validates =
    validation && (askedRecipe.eval_strategy !== "end" || !test || taskOf(askedRecipe).choosesThreshold);
  const validated = validates ? yield* tokenized(validation, asked, shouldStop) : undefined;
  warnings.push(...(validated?.warnings ?? []));

  const baseBytes = rssBytes();

  const facts = await runFacts(asked, data, job.rows);
  const { model: ranked, start, known } = await withEvaRanks(asked, accepted.start, examples, facts, shouldStop);
  const { recipe } = ranked.source;
  const random = Random.seed(recipe.seed);
  const { progress, warnings: progressWarnings } = await startOf(ranked, facts);
  warnings.push(...progressWarnings);
  const given = new Map([...start, ...progress.weights]);
  const { weights, fresh } = await weightsOf(ranked, random.stream("init"), given, known);
  const optimizer = optimizerOf(recipe);
  if (progress.step > 0) {
    random.restore(progress.random);
    optimizer.restore(progress.optimizer);
  }
  const steps = countSteps(recipe, examples.lengths);
  const stages = unfreezingStages(recipe, ranked.architecture, ranked.graph, steps.total);
  if (progress.step > steps.total) throw beyondEnd(progress.step, steps.total);
  const unchecked = { model: ranked, recipe, weights, steps, stages, examples, progress };
  const device = await checkedDevice(choice, unchecked);
  const model = { ...ranked, engine: device.engine };
  warnings.unshift(...(job.warnings ?? []), ...ofData, ...model.warnings, ...unreachedStages(stages, steps.total));
  warnings.push(...device.warnings, ...(await model.engine.warnings()));
  const earlier = job.write && progress.step === 0 ? await earlierRun(recipe.output_dir) : undefined;
  if (earlier !== undefined) warnings.push(earlier);
  const output = job.write ? await openOutput(asked, progress, facts, job.lock) : noOutput;
  const heads = fresh.filter((name) => !isUnder(name, model.architecture.trainedHeads));
  if (heads.length > 0 && !METHOD_RECIPES[recipe.method].trainsBase) {
    warnings.push(
      `the checkpoint lacks ${heads.join(", ")}; they are randomly initialized, and this method does not train them`,
    );
  }
  const run = {
    ...{ ...unchecked, model, optimizer, random, output, baseBytes },
    ...(device.reason !== undefined && { deviceReason: device.reason }),
  };
  return { run, validation: validated?.examples, test, heldBack, warnings };
}

const beyondEnd = (step: number, total: number): CheckpointError =>
  new CheckpointError(`the checkpoint is at step ${step}, but this run ends at step ${total}`, {
    where: "resume_from_checkpoint",
    expected: `num_train_epochs or max_steps that reach at least step ${step}`,
  });
