/** Settings of single schedules, under transformers' names (`lr_scheduler_kwargs`). */
export interface ScheduleSettings {
  /** `cosine_with_restarts`: falls from the full rate to 0. Default 1. */
  readonly num_cycles?: number | undefined;
  /** `polynomial`: the power. Default 1. */
  readonly power?: number | undefined;
  /** `polynomial`: the rate at the end. Default 1e-7. */
  readonly lr_end?: number | undefined;
  /** `warmup_stable_decay`: steps of the fall at the end. Default: a tenth of all, rounded up. */
  readonly num_decay_steps?: number | undefined;
  /** `warmup_stable_decay`: share of the full rate at beginning and end. Default 0. */
  readonly min_lr_ratio?: number | undefined;
  /** `warmup_stable_decay`: shape of the fall. Default `cosine`. */
  readonly decay_type?: "cosine" | "linear" | "1-sqrt" | undefined;
}

/** The extent of a schedule, in optimizer steps. */
export interface ScheduleOptions {
  /** The highest rate, reached when the warmup ends. */
  readonly learningRate: number;
  /** Steps of linear rise; 0 for none. */
  readonly warmupSteps: number;
  /** Number of steps of the run, at which the rate has fallen to its end. */
  readonly totalSteps: number;
  readonly settings?: ScheduleSettings;
}

/** The share of the full rate at a step after the warmup. */
type Decay = (step: number, options: ScheduleOptions) => number;

/** The share of the run after the warmup that is done. */
const progressAt: Decay = (step, { warmupSteps, totalSteps }) =>
  (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);

/** Half a wave from 1 to 0. */
const halfWave = (progress: number): number => 0.5 * (1 + Math.cos(Math.PI * progress));

const FALLS: Readonly<Record<NonNullable<ScheduleSettings["decay_type"]>, (progress: number) => number>> = {
  cosine: halfWave,
  linear: (progress) => 1 - progress,
  "1-sqrt": (progress) => 1 - Math.sqrt(progress),
};

const DECAY = {
  constant: () => 1,
  linear: (step, { warmupSteps, totalSteps }) =>
    Math.max(0, (totalSteps - step) / Math.max(1, totalSteps - warmupSteps)),
  cosine: (step, options) => Math.max(0, halfWave(progressAt(step, options))),
  cosine_with_restarts(step, options) {
    const progress = progressAt(step, options);
    return progress >= 1 ? 0 : halfWave(((options.settings?.num_cycles ?? 1) * progress) % 1);
  },
  polynomial(step, options) {
    const { power = 1, lr_end: end = 1e-7 } = options.settings ?? {};
    const remaining = Math.max(0, 1 - progressAt(step, options));
    return ((options.learningRate - end) * remaining ** power + end) / options.learningRate;
  },
  inverse_sqrt: (step, { warmupSteps }) =>
    1 / Math.sqrt((step - warmupSteps) / (warmupSteps || INVERSE_SQRT_STEPS) + 1),
  warmup_stable_decay(step, { totalSteps, settings = {} }) {
    const { num_decay_steps: steps = Math.ceil(totalSteps / 10), min_lr_ratio: least = 0 } = settings;
    const progress = (step - (totalSteps - steps)) / Math.max(1, steps);
    if (progress < 0) return 1;
    if (progress >= 1) return least;
    return Math.max(0, FALLS[settings.decay_type ?? "cosine"](progress) * (1 - least) + least);
  },
} as const satisfies Record<string, Decay>;

/** Steps after which the rate is 1/√2 of the full one, without a warmup that would say it. */
const INVERSE_SQRT_STEPS = 10_000;

/** Learning rate schedule after warmup. */
export type ScheduleType = keyof typeof DECAY;

/** The share of the rate that the warmup begins with. */
const leastOf = (type: ScheduleType, { min_lr_ratio = 0 }: ScheduleSettings = {}): number =>
  type === "warmup_stable_decay" ? min_lr_ratio : 0;

/**
 * The learning rate of each step, as transformers' `get_<type>_schedule_with_warmup`.
 *
 * @returns a function of the number of optimizer steps already done: the first step of a run asks for 0 and, with a
 *          warmup, has learning rate 0.
 */
export function schedule(type: ScheduleType, options: ScheduleOptions): (step: number) => number {
  const { learningRate, warmupSteps, settings } = options;
  const decay: Decay = DECAY[type];
  const least = leastOf(type, settings);
  return (step) =>
    learningRate *
    (step < warmupSteps ? (step / Math.max(1, warmupSteps)) * (1 - least) + least : decay(step, options));
}
