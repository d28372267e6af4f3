import { encodeSplit } from "../assemble/data.ts";
import { readSplit, splitNames, validationSplit } from "../assemble/dataset.ts";
import { openTrained } from "../assemble/open-trained.ts";
import { trainedConfig, withProblemType } from "../assemble/problem-type.ts";
import { refuseOneClass } from "../assemble/supported-head.ts";
import { InterruptedError } from "../errors.ts";
import type { EvalResults } from "../events/events.ts";
import { resolveRecipe } from "../recipe/resolve.ts";
import type { Recipe } from "../recipe/schema.ts";
import type { Split } from "../tasks/definition.ts";
import { scoreModel } from "../training/scoring.ts";

/** What is evaluated besides the recipe's base model. */
export interface EvaluateOptions {
  /** Folder or Hub id of an adapter, or of a whole fine-tuned model. */
  readonly adapter?: string;
  readonly signal?: AbortSignal;
  /** Told what a reader of the figures should know. */
  readonly onWarning?: (message: string) => void;
}

/**
 * Scores a base model, with or without an adapter, on the test split of the recipe's data; without one, on the
 * validation split, or on a data set that is a single file.
 *
 * @throws {LowrankError} when model, adapter or data are not usable.
 * @throws {InterruptedError} when `signal` aborts.
 */
export async function evaluate(recipe: Recipe, options: EvaluateOptions = {}): Promise<EvalResults> {
  const { adapter, signal, onWarning = () => {} } = options;
  const given = resolveRecipe(recipe);
  const { dataset_train_split, dataset_test_split, max_eval_samples } = given;
  const names = await splitNames(given);
  const read = (name: string, limit?: number): Promise<Split> => readSplit(resolved, name, limit);
  const name =
    (names.has(dataset_test_split) ? dataset_test_split : await validationSplit(given)) ?? dataset_test_split;
  const resolved = await withProblemType(given, await trainedConfig(given, adapter), name);
  const split = await read(name, max_eval_samples);
  const classes =
    adapter !== undefined ? undefined : names.has(dataset_train_split) ? await read(dataset_train_split) : split;

  const {
    model,
    weights,
    fresh,
    warnings: ofAdapter,
    madeFor = resolved.model_name_or_path,
  } = await openTrained(resolved, adapter, classes);
  refuseOneClass(model);
  const { examples, warnings } = await encodeSplit(split, model);
  for (const warning of [...ofAdapter, ...warnings]) onWarning(warning);
  if (madeFor !== undefined && madeFor !== resolved.model_name_or_path) {
    onWarning(`the adapter was made for ${madeFor}, the recipe's model is ${resolved.model_name_or_path}`);
  }
  if (fresh.length > 0)
    onWarning(`${fresh.join(", ")} are in no file and start at random: the scores are those of chance`);
  const { labels, checkpoint } = model;
  if (adapter === undefined && fresh.length === 0 && labels.names.length > 0 && labels.source === undefined) {
    const order = labels.names.slice(0, 5).join(", ");
    onWarning(
      `config.json of ${checkpoint.folder} does not name the labels of the data: the outputs of its head are taken for ${order}${labels.names.length > 5 ? ", …" : ""}, in this order`,
    );
  }
  const stopped = (): boolean => signal?.aborted === true;
  const scores = await scoreModel(model, weights, examples, stopped);
  examples.close();
  if (!scores) throw new InterruptedError("stopped before the evaluation was done.");
  return scores.metrics;
}
