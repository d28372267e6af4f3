import { type AdapterSource, namedAdapter } from "../formats/hub/model-files.ts";
import type { Job, RowsInMemory } from "../prepared/job.ts";
import { type ResolvedRecipe, resolveRecipe } from "../recipe/resolve.ts";
import type { Recipe } from "../recipe/schema.ts";
import { userSetKeys } from "../recipe/user-set-keys.ts";
import { withoutEffect } from "../recipe/without-effect.ts";
import { Model } from "./model.ts";

type CamelCase<Key extends string> = Key extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Key;

/** A row of data: `{ text, label }`, or the columns that `textColumn` and `labelColumn` name. */
export type DataRow = Readonly<Record<string, unknown>>;

/** The keys of a recipe in camelCase: `learningRate`, `numTrainEpochs`, `perDeviceTrainBatchSize` … */
export type RecipeOptions = { readonly [Key in keyof Recipe as CamelCase<Key>]?: Recipe[Key] | undefined };

/** The data of a model, and the keys of a recipe in camelCase. */
export type ModelOptions = Omit<RecipeOptions, "adapterNameOrPath"> & {
  /** Folder, Hub id or files of an adapter to start from. */
  readonly adapterNameOrPath?: AdapterSource | undefined;
  /** Rows; or rows by split (`train`, `validation`, `test`); or a file or a folder. */
  readonly data: string | readonly DataRow[] | Readonly<Record<string, readonly DataRow[]>>;
};

/** The job of a recipe, which writes its output folder. */
export function jobOfRecipe(recipe: Recipe | ResolvedRecipe): Job {
  const given = recipe as Recipe;
  return {
    recipe: resolveRecipe(given),
    userSetKeys: userSetKeys(given),
    warnings: withoutEffect(given),
    write: true,
  };
}

/** The job of a model, which returns what was trained and writes a folder only for `outputDir`. */
export function jobOfModel(model: Model, { data, adapterNameOrPath: adapter, ...options }: ModelOptions): Job {
  const named = typeof adapter === "string" && { adapterNameOrPath: adapter };
  const keys = Object.fromEntries(
    Object.entries({ ...options, ...named }).map(([key, value]) => [snakeCase(key), value]),
  );
  const all = { ...model.keys, ...keys };
  const rows = typeof data === "string" ? undefined : ((Array.isArray(data) ? { train: data } : data) as RowsInMemory);
  const start = model.finished;
  return {
    recipe: model.recipe({ ...keys, ...(typeof data === "string" && { dataset_name: data }) }),
    userSetKeys: new Set(Object.entries(all).flatMap(([key, value]) => (value === undefined ? [] : key))),
    write: options.outputDir !== undefined,
    returns: true,
    ...(rows && { rows }),
    ...(start && { start }),
  };
}

/** The job of a recipe, or of a model with its options but for an adapter that is given as files. */
export const jobOf = (subject: Recipe | ResolvedRecipe | Model, options: Partial<ModelOptions>): Job =>
  subject instanceof Model ? jobOfModel(subject, options as ModelOptions) : jobOfRecipe(subject);

/** A job that may be run. */
export interface OpenedJob {
  readonly job: Job;
  /** Removes the adapter that was given as files; a run that has begun no longer needs it. */
  release(): Promise<void>;
}

/** The job of a recipe, or of a model with its options, whose adapter may be given as files. */
export async function openJob(
  subject: Recipe | ResolvedRecipe | Model,
  options: Partial<ModelOptions>,
): Promise<OpenedJob> {
  const job = jobOf(subject, options);
  const { adapterNameOrPath: adapter } = options;
  if (adapter === undefined || typeof adapter === "string") return { job, release: async () => {} };
  const { name, release } = await namedAdapter(adapter);
  return { job: { ...job, adapter: name }, release };
}

/** `learningRate` → `learning_rate`; `loadIn4bit` → `load_in_4bit`. */
const snakeCase = (key: string): string =>
  key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/(?<=[a-z])(?=\d+bit)/, "_");
