import { removeFolderAtomic } from "#platform";
import { DivergedError } from "../errors.ts";
import type { StateTensor } from "../optim/optimizer.ts";
import type { RandomState } from "../random.ts";
import type { Example } from "../tasks/definition.ts";
import type { Run } from "./state.ts";
import { rowsNotFinite, type StepContext, type StepResult } from "./steps.ts";

/**
 * A loss is absurd from this multiple of the first step's loss on, and never below this many nats: a model that gives
 * its labels e⁻¹⁰⁰ has lost what it knew. Loss spikes of runs that recover stay far below.
 */
const ABSURD = 100;

/** Absurd losses in a row that end a run; a single batch of outliers does not. */
const STREAK = 3;

/** A run that ends with this multiple of the first step's loss, or of 1 nat if that is more, is told so. */
const GREW = 5;

/**
 * Share of the weights' norm that one step may change before a copy of the weights is kept beside them. Usual learning
 * rates stay below (5e-5 on all weights: 0.1 %; LoRA at 1e-3: 5 to 15 %) and pay nothing.
 */
const LARGE_UPDATE = 0.25;

/** Rows that a message names. */
const SHOWN = 3;

/** Tells whether training diverges, and keeps the last good state while a step may destroy it. */
export interface DivergenceWatch {
  /** Called before the batch of a step is drawn. */
  begin(): void;
  /** Called with a step's loss while the weights are those that gave it. */
  noteLoss(loss: number): void;
  /** A checkpoint was written, of weights that no loss has confirmed yet. */
  noteCheckpoint(path: string): void;
  /** True when a loss is finite and not absurd. */
  isSane(loss: number): boolean;
  /** The last step's loss, in nats. */
  readonly loss: number;
  /** The largest loss that is not absurd, in nats. */
  readonly limit: number;
  /** True when so many losses in a row were absurd that the run is lost. */
  isLost(inARow?: number): boolean;
  /** Warning for a run that ends with a loss far above its first. */
  warning(): string | undefined;
  /** The first trained parameter that holds a number that is not finite. */
  damaged(): string | undefined;
  /** Puts the last good state back, if a copy was kept, and removes the checkpoints written since. */
  rewind(): Promise<void>;
}

interface LastGoodState {
  readonly step: number;
  readonly numTokens: number;
  readonly random: RandomState;
}

/** Watches a run. @param rateScale Multiplies the learning rate for a parameter. */
export function watchDivergence(run: Run, rateScale: (name: string) => number): DivergenceWatch {
  const { progress, recipe, optimizer, random } = run;
  const trained = trainedArrays(run);
  const keeps = largestUpdate(recipe, trained, rateScale) > LARGE_UPDATE * norm(trained);
  let first = firstLoss(progress.history);
  let [streak, last] = [0, 0];
  let before: LastGoodState | undefined;
  let kept: LastGoodState | undefined;
  let unconfirmed: string[] = [];
  const weights = new Map<string, StateTensor>();
  const state = new Map<string, StateTensor>();
  const limit = (): number => ABSURD * Math.max(1, first ?? 0);
  const isSane = (loss: number): boolean => loss <= limit();

  return {
    begin() {
      if (keeps) before = { step: progress.step, numTokens: progress.numTokens, random: random.state() };
    },
    noteLoss(loss) {
      last = loss;
      first ??= loss;
      streak = isSane(loss) ? 0 : streak + 1;
      if (streak > 0) return;
      unconfirmed = [];
      if (!keeps) return;
      kept = before;
      copyInto(weights, trained);
      copyInto(state, optimizer.state());
    },
    noteCheckpoint: (path) => void unconfirmed.push(path),
    isSane,
    get loss() {
      return last;
    },
    get limit() {
      return limit();
    },
    isLost: (inARow = STREAK) => streak >= inARow,
    warning() {
      if (first === undefined || last < GREW * Math.max(1, first)) return undefined;
      const [from, to] = [first, last].map((loss) => loss.toPrecision(3));
      return `the loss grew from ${from} to ${to}; usually the learning_rate is too high`;
    },
    damaged: () => [...trained].find(([, data]) => !data.every(Number.isFinite))?.[0],
    async rewind() {
      if (!kept || kept.step === progress.step) return;
      for (const [name, data] of trained) data.set(weights.get(name) as Float32Array);
      optimizer.restore(state);
      random.restore(kept.random);
      progress.step = kept.step;
      progress.numTokens = kept.numTokens;
      for (const path of unconfirmed) if (path !== progress.best?.checkpoint) await removeFolderAtomic(path);
    },
  };
}

/** Loss or gradients of a step are not finite: names the rows whose own loss is not, or all of them. */
export async function notFinite(
  run: Run,
  watch: DivergenceWatch,
  context: StepContext,
  { loss, gradNorm }: Pick<StepResult, "loss" | "gradNorm">,
  examples: readonly Example[],
): Promise<DivergedError> {
  const rows = await rowsNotFinite(context, examples);
  const what = `loss ${loss}, gradient norm ${gradNorm} at step ${run.progress.step + 1}`;
  const some = rows.length > 0 && rows.length < examples.length;
  const alone = rows.length === 1 ? ", on its own" : ", each on its own";
  return diverged(run, watch, { what, where: `${rowNames(some ? rows : examples)}${some ? alone : ""}` });
}

/** The loss of a step or an evaluation is absurd. */
export const exploded = (run: Run, watch: DivergenceWatch, step: number, evalLoss?: number): Promise<DivergedError> =>
  diverged(run, watch, {
    what: evalLoss === undefined ? `loss ${watch.loss} at step ${step}` : `eval_loss ${evalLoss} after step ${step}`,
    expected: `a loss below ${Number(watch.limit.toPrecision(4))}, ${ABSURD} times that of the first step`,
  });

function rowNames(examples: readonly Example[]): string {
  const names = examples.slice(0, SHOWN).map(({ where }) => where);
  const more = examples.length - names.length;
  return `${names.join(", ")}${more > 0 ? ` and ${more} more rows` : ""}`;
}

/** The evidence of divergence. */
export interface Finding {
  /** Description such as `loss NaN at step 2`. */
  readonly what: string;
  /** Rows, or a split. */
  readonly where?: string | undefined;
  readonly expected?: string;
  readonly cause?: unknown;
}

/** Saves the last good state of a run that is lost; returns the error that says so. */
export async function diverged(run: Run, watch: DivergenceWatch, finding: Finding): Promise<DivergedError> {
  await watch.rewind();
  const damaged = watch.damaged();
  const path = damaged === undefined ? await run.output.writeCheckpoint(run, false) : undefined;
  const saved = path !== undefined && `the last good state (step ${run.progress.step}) was saved in ${path}`;
  const lost = damaged !== undefined && `nothing was saved, because ${damaged} contains non-finite numbers`;
  const { what, where, expected = "finite numbers", cause } = finding;
  return new DivergedError(`${what}: training diverged.`, {
    ...(where !== undefined && { where }),
    expected: [expected, saved || lost].filter(Boolean).join("; "),
    hint: "try a lower learning_rate, more warmup_steps or a smaller max_grad_norm.",
    ...(cause !== undefined && { cause }),
  });
}

function trainedArrays({ model, weights }: Run): Map<string, Float32Array> {
  const trainable = model.graph.params.filter(({ origin }) => origin.trainable);
  return new Map(trainable.map(({ origin: { name } }) => [name, weights.get(name)?.data as Float32Array]));
}

/** The loss of a resumed run's first step. */
function firstLoss(history: readonly Readonly<Record<string, unknown>>[]): number | undefined {
  const loss = history.find(({ event }) => event === "step")?.loss;
  return typeof loss === "number" ? loss : undefined;
}

/** About how far one step moves the weights, as a norm: SGD by the clipped gradient, all others by the rate each. */
function largestUpdate(
  { optim, max_grad_norm, learning_rate: peakRate }: Run["recipe"],
  trained: ReadonlyMap<string, Float32Array>,
  rateScale: (name: string) => number,
): number {
  const rates = [...trained].map(([name, { length }]) => ({ rate: peakRate * rateScale(name), length }));
  if (optim === "sgd") return Math.max(...rates.map(({ rate }) => rate)) * (max_grad_norm || Infinity);
  return Math.hypot(...rates.map(({ rate, length }) => rate * Math.sqrt(length)));
}

function norm(arrays: ReadonlyMap<string, Float32Array>): number {
  let sum = 0;
  for (const data of arrays.values()) for (const x of data) sum += x * x;
  return Math.sqrt(sum);
}

/** Copies arrays into those of the same name, which are made the first time. */
function copyInto(copies: Map<string, StateTensor>, arrays: ReadonlyMap<string, StateTensor>): void {
  for (const [name, data] of arrays) {
    const copy = copies.get(name);
    if (copy) copy.set(data);
    else copies.set(name, data.slice());
  }
}
