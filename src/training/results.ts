import { countParameters } from "../assemble/graphs.ts";
import type { HeldBackRows, RunHeader, TrainResults } from "../events/events.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { weightsOf } from "../tasks/loss.ts";
import type { Clock } from "./loop.ts";
import { memoryByCategory } from "./memory/memory.ts";
import { totalBytes } from "./memory/planned-memory.ts";
import type { Steps } from "./schedule.ts";
import type { Run } from "./state.ts";

/** The facts of a run that its first event tells. */
export function headerOf({ recipe, model, steps, examples, deviceReason }: Run, heldBack?: HeldBackRows): RunHeader {
  const { trainable, total } = countParameters(model.graph, model.base);
  return {
    model: recipe.model_name_or_path,
    method: recipe.method,
    taskType: recipe.task_type,
    device: model.engine.device,
    ...(deviceReason !== undefined && { deviceReason }),
    trainableParameters: trainable,
    totalParameters: total,
    examples: examples.length,
    ...(heldBack && { heldBack }),
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

/** The figures of a run that its last event tells. */
export function resultsOf({ recipe, model, optimizer, steps, progress, baseBytes }: Run, clock: Clock): TrainResults {
  const { trainable, total } = countParameters(model.graph, model.base);
  const { planned, peakRssBytes: peak, engineBytes } = clock;
  const weights = weightsOf(recipe);
  return {
    trainableParameters: trainable,
    totalParameters: total,
    trainablePercent: (100 * trainable) / total,
    trainSeconds: clock.trainSeconds,
    firstStepSeconds: clock.firstStepSeconds,
    steps: progress.step,
    ...(progress.step < steps.total && { stoppedEarlyAtStep: progress.step }),
    numTokens: progress.numTokens,
    ...(weights && {
      classWeights: weights.map((weight, id) => ({ label: model.labels.names[id] as string, weight })),
    }),
    tokensPerSecond: clock.tokens / clock.trainSeconds,
    peakRssBytes: peak,
    memoryBytes: memoryByCategory(model.graph, optimizer.bytes(), peak, baseBytes + engineBytes),
    ...(planned && { plannedPeakRssBytes: totalBytes(planned), plannedMemoryBytes: planned }),
  };
}
