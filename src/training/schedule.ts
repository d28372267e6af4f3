import { planBatches } from "../examples/batching.ts";
import { METHOD_DEFINITIONS } from "../methods/index.ts";
import { type ScheduleOptions, schedule } from "../optim/schedule.ts";
import { Random } from "../random.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";

/** Position of a step. */
export interface StepPlace {
  /** From 0. */
  readonly epoch: number;
  /** Steps of that epoch before it. */
  readonly place: number;
  /** Steps of that epoch. */
  readonly steps: number;
}

/** Positions of a run's steps. */
export interface Steps {
  readonly total: number;
  /** Position of the step after `done` others. */
  at(done: number): StepPlace;
  /** The epochs that so many steps make. */
  epochs(done: number): number;
}

/** The optimizer steps of a run over examples of these lengths. */
export function countSteps(recipe: ResolvedRecipe, lengths: ArrayLike<number>): Steps {
  const { max_batch_tokens, per_device_train_batch_size: size, gradient_accumulation_steps: every } = recipe;
  if (max_batch_tokens !== undefined) return unevenSteps(recipe, lengths);
  const steps = Math.ceil(Math.ceil(lengths.length / size) / every);
  return {
    total: recipe.max_steps ?? Math.max(1, Math.ceil(recipe.num_train_epochs * steps)),
    at: (done) => ({ epoch: Math.floor(done / steps), place: done % steps, steps }),
    epochs: (done) => done / steps,
  };
}

/** Steps of epochs that are planned to be counted: with `max_batch_tokens` no two need have as many. */
function unevenSteps(recipe: ResolvedRecipe, lengths: ArrayLike<number>): Steps {
  const known: number[] = [];
  const stepsOf = (epoch: number): number => {
    known[epoch] ??= epochPlan(recipe, lengths, epoch).steps;
    return known[epoch];
  };
  const at = (done: number): StepPlace => {
    let [epoch, place] = [0, done];
    for (; place >= stepsOf(epoch); epoch++) place -= stepsOf(epoch);
    return { epoch, place, steps: stepsOf(epoch) };
  };
  const stepsIn = (epochs: number): number => {
    const whole = Math.floor(epochs);
    const begun = epochs > whole ? Math.ceil(Number(((epochs - whole) * stepsOf(whole)).toFixed(6))) : 0;
    return Array.from({ length: whole }, (_, epoch) => stepsOf(epoch)).reduce((a, b) => a + b, begun);
  };
  return {
    total: recipe.max_steps ?? Math.max(1, stepsIn(recipe.num_train_epochs)),
    at,
    epochs(done) {
      const { epoch, place, steps } = at(done);
      return epoch + place / steps;
    },
  };
}

/** The optimizer steps of one epoch. */
export interface EpochPlan {
  /** Optimizer steps. */
  readonly steps: number;
  /** Example numbers of each micro-batch of the steps from one up to another. */
  microBatches(from: number, to: number): Generator<number[], void, void>;
}

/** Example numbers of each micro-batch of each optimizer step of one epoch. The same for the same seed and epoch. */
export function epochPlan(recipe: ResolvedRecipe, lengths: ArrayLike<number>, epoch: number): EpochPlan {
  const batches = planBatches(lengths, {
    batchSize: recipe.per_device_train_batch_size,
    maxTokens: recipe.max_batch_tokens,
    groupByLength: recipe.group_by_length,
    shuffle: recipe.shuffle_dataset,
    random: Random.seed(recipe.seed).stream(`order of epoch ${epoch}`),
    longestSecond: epoch === 0,
  });
  const every = recipe.gradient_accumulation_steps;
  return {
    steps: Math.ceil(batches.length / every),
    *microBatches(from, to) {
      const end = Math.min(to * every, batches.length);
      for (let batch = from * every; batch < end; batch++) yield batches.at(batch);
    },
  };
}

/** Learning rate by steps done. */
export function learningRates(recipe: ResolvedRecipe, total: number): (step: number) => number {
  const { warmup_steps: warmup, learning_rate: learningRate } = recipe;
  const warmupSteps = warmup < 1 ? Math.ceil(warmup * total) : warmup;
  const { num_decay_steps: decay, ...kwargs } = recipe.lr_scheduler_kwargs ?? {};
  const settings = { ...kwargs, num_decay_steps: decay === undefined || decay >= 1 ? decay : Math.ceil(decay * total) };
  const options: ScheduleOptions = { learningRate, warmupSteps, totalSteps: total, settings };
  return schedule(recipe.lr_scheduler_type, options);
}

/** Factor of a parameter's learning rate: the method's own (LoRA+), the head's own rate for heads, else 1. */
export function learningRateScale(
  recipe: ResolvedRecipe,
  isHead: (param: string) => boolean,
): (param: string) => number {
  const head = recipe.head_learning_rate;
  const method = METHOD_DEFINITIONS[recipe.method];
  return (param) => {
    const own = method.learningRateScale?.(param, recipe);
    if (own !== undefined) return own;
    return head !== undefined && recipe.learning_rate > 0 && isHead(param) ? head / recipe.learning_rate : 1;
  };
}
