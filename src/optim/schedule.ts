/** Learning rate schedule after warmup. */
export type ScheduleType = "linear" | "constant" | "cosine";

/** The extent of a schedule, in optimizer steps. */
export interface ScheduleOptions {
  /** The highest rate, reached when the warmup ends. */
  readonly learningRate: number;
  /** Steps of linear rise from 0; 0 for none. */
  readonly warmupSteps: number;
  /** Step at which linear and cosine reach 0. */
  readonly totalSteps: number;
}

/** The share of the full rate at a step after the warmup. */
const DECAY: Readonly<Record<ScheduleType, (step: number, warmupSteps: number, totalSteps: number) => number>> = {
  constant: () => 1,
  linear: (step, warmup, total) => Math.max(0, (total - step) / Math.max(1, total - warmup)),
  cosine: (step, warmup, total) =>
    Math.max(0, 0.5 * (1 + Math.cos((Math.PI * (step - warmup)) / Math.max(1, total - warmup)))),
};

/**
 * The learning rate of each step, as transformers' `get_<type>_schedule_with_warmup`.
 *
 * @returns a function of the number of optimizer steps already done: the first step of a run asks for 0 and, with a
 *          warmup, has learning rate 0.
 */
export function schedule(
  type: ScheduleType,
  { learningRate, warmupSteps, totalSteps }: ScheduleOptions,
): (step: number) => number {
  const decay = DECAY[type];
  return (step) =>
    learningRate * (step < warmupSteps ? step / Math.max(1, warmupSteps) : decay(step, warmupSteps, totalSteps));
}
