import { withClassWeights } from "../assemble/class-weights.ts";
import { checkLabels, type RunData, readData } from "../assemble/data.ts";
import { openBase, prepare } from "../assemble/prepare.ts";
import { configOf, withProblemType } from "../assemble/problem-type.ts";
import { refuseOneClass, refuseOtherLoss } from "../assemble/supported-head.ts";
import { numbersAsClasses } from "../examples/number-labels.ts";
import type { Job } from "../prepared/job.ts";
import type { Prepared } from "../prepared/prepared.ts";
import { rememberUserSetKeys } from "../recipe/user-set-keys.ts";
import { TASK_FACTS } from "../task-types/index.ts";
import { checkNothingStays, checkOutputFolder } from "./output-folder.ts";
import { countSteps } from "./schedule.ts";
import { withStartingAdapter } from "./start-from.ts";
import { unfreezingStages } from "./unfreezing.ts";

/** A job whose recipe, base model, starting adapter and data fit together. No weights are read, nothing is tokenised. */
export interface AcceptedJob {
  readonly model: Prepared;
  readonly data: RunData;
  /** Parameters that it starts from, instead of the checkpoint's or fresh ones. */
  readonly start: ReadonlyMap<string, Float32Array>;
  readonly warnings: readonly string[];
}

/**
 * First checks of every run, also one that is only checked or planned. @throws {LowrankError} when recipe, model, adapter or data are not usable.
 */
export async function acceptJob(given: Job): Promise<AcceptedJob> {
  const recipeOfJob = rememberUserSetKeys({ ...given.recipe }, given.userSetKeys); // a thread's copy lacks them
  const job: Job = { ...given, recipe: recipeOfJob };
  const found = await openBase(job.recipe);
  if (job.write) {
    const { adapter_name_or_path, dataset_name } = job.recipe;
    const inputs = { model_name_or_path: found.checkpoint.folder, adapter_name_or_path };
    await checkOutputFolder(job.recipe, { ...inputs, ...(!job.rows && { dataset_name }) });
    await checkNothingStays(job.recipe);
  }
  const begun = await withStartingAdapter(job, found);
  const recipe = await withProblemType(begun.recipe, configOf(found), begun.recipe.dataset_train_split, job.rows);
  refuseOtherLoss(recipe);
  const data = await readData(recipe, job.rows);
  const model = withClassWeights(prepare(recipe, found, data.train, begun.id2label), data.train);
  begun.check(model);
  refuseOneClass(model, data.train);
  checkLabels(data, model.labels);
  const isOpen = TASK_FACTS[recipe.task_type].labelled === "text" && recipe.problem_type === undefined;
  const warnings = isOpen && !data.train.classNames ? numbersAsClasses(data.train.labels, model.labels) : [];
  return { model, data, start: begun.tensors, warnings };
}

/** A run that could begin: nothing is read but headers and data, nothing computed, nothing written. */
export interface CheckedRun extends AcceptedJob {
  readonly job: Job;
}

/**
 * Does with a job what a run does before its first step, except that no weights are read and nothing is tokenized.
 * @throws {LowrankError} as the run would, when recipe, model, adapter or data are not usable.
 */
export async function checkJob(unchecked: Job): Promise<CheckedRun> {
  const job: Job = { ...unchecked, write: false, returns: false };
  const accepted = await acceptJob(job);
  const { source, architecture, graph } = accepted.model;
  const { total } = countSteps(source.recipe, new Uint8Array(accepted.data.train.size).fill(1)); // about: no text is tokenised
  unfreezingStages(source.recipe, architecture, graph, total);
  return { job, ...accepted };
}
