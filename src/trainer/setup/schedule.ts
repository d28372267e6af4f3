import { planBatches } from "../../data/batching.ts";
import { type ScheduleOptions, schedule } from "../../optim/schedule.ts";
import { Random } from "../../random.ts";
import type { ResolvedRecipe } from "../../recipe/resolve.ts";

/** Where a run's steps lie. */
export interface Steps {
  readonly perEpoch: number;
  readonly total: number;
}

/** The number of optimizer steps of a run over so many examples. */
export function countSteps(recipe: ResolvedRecipe, examples: number): Steps {
  const microBatches = Math.ceil(examples / recipe.per_device_train_batch_size);
  const perEpoch = Math.ceil(microBatches / recipe.gradient_accumulation_steps);
  return { perEpoch, total: recipe.max_steps ?? Math.max(1, Math.ceil(recipe.num_train_epochs * perEpoch)) };
}

/** Example numbers of each micro-batch of each optimizer step of one epoch. The same for the same seed and epoch. */
export function epochPlan(recipe: ResolvedRecipe, lengths: readonly number[], epoch: number): number[][][] {
  const batches = planBatches(lengths, {
    batchSize: recipe.per_device_train_batch_size,
    groupByLength: recipe.group_by_length,
    shuffle: recipe.shuffle_dataset,
    random: Random.seed(recipe.seed).stream(`order of epoch ${epoch}`),
    longestSecond: epoch === 0,
  });
  const every = recipe.gradient_accumulation_steps;
  return Array.from({ length: Math.ceil(batches.length / every) }, (_, i) => batches.slice(i * every, (i + 1) * every));
}

/** Learning rate by steps done. */
export function learningRates(recipe: ResolvedRecipe, total: number): (step: number) => number {
  const { warmup_steps: warmup, learning_rate: learningRate } = recipe;
  const warmupSteps = warmup < 1 ? Math.ceil(warmup * total) : warmup;
  const options: ScheduleOptions = { learningRate, warmupSteps, totalSteps: total };
  return schedule(recipe.lr_scheduler_type, options);
}

/** What a parameter's learning rate is multiplied by: LoRA+'s ratio for B, the head's own rate for heads. */
export function learningRateScale(
  recipe: ResolvedRecipe,
  isHead: (param: string) => boolean,
): (param: string) => number {
  const head = recipe.head_learning_rate;
  return (param) => {
    if (param.endsWith(".lora_B.weight")) return recipe.loraplus_lr_ratio;
    return head !== undefined && recipe.learning_rate > 0 && isHead(param) ? head / recipe.learning_rate : 1;
  };
}
