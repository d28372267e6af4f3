import type { TrainEvent } from "../events/events.ts";
import type { RowsInMemory } from "../prepared/job.ts";
import type { Recipe } from "../recipe/schema.ts";
import { startJob } from "../training/start-job.ts";
import { type Model, recipeOf } from "./model.ts";

type CamelCase<Key extends string> = Key extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Key;

/** A row of data: `{ text, label }`, or the columns that `textColumn` and `labelColumn` name. */
export type DataRow = Readonly<Record<string, unknown>>;

/** The keys of a recipe in camelCase: `learningRate`, `numTrainEpochs`, `perDeviceTrainBatchSize` … */
export type TrainOptions = { readonly [Key in keyof Recipe as CamelCase<Key>]?: Recipe[Key] | undefined } & {
  /** Rows; or rows by split (`train`, `validation`, `test`); or a file or a folder. */
  readonly data: string | readonly DataRow[] | Readonly<Record<string, readonly DataRow[]>>;
  /** Aborting it ends the run after the step at hand. */
  readonly signal?: AbortSignal;
};

/**
 * Trains a model in a thread of its own and yields what happens; afterwards the model holds what was trained.
 * With `outputDir` the run writes its output folder as well, as `lowrank train` does.
 *
 * @throws {LowrankError} when options, model or data are not usable.
 */
export async function* train(
  model: Model,
  { data, signal, ...options }: TrainOptions,
): AsyncGenerator<TrainEvent, void, void> {
  const own = Object.fromEntries(Object.entries(options).map(([key, value]) => [snakeCase(key), value]));
  const keys = { ...model.keys, ...own };
  const recipe = recipeOf({ method: "full", dataset_name: typeof data === "string" ? data : "in memory", ...keys });
  const rows = typeof data === "string" ? undefined : ((Array.isArray(data) ? { train: data } : data) as RowsInMemory);
  const start = model.finished;
  const write = options.outputDir !== undefined;
  const givenKeys = new Set(Object.entries(keys).flatMap(([key, value]) => (value === undefined ? [] : key)));
  const job = { recipe, givenKeys, write, returns: true, ...(rows && { rows }), ...(start && { start }) };
  const finished = yield* startJob(job, signal);
  if (finished) model.finished = finished;
}

/** `learningRate` → `learning_rate`; `loadIn4bit` → `load_in_4bit`. */
const snakeCase = (key: string): string =>
  key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/(?<=[a-z])(?=\d+bit)/, "_");
