import { AdapterError, CheckpointError, DataError, RecipeError } from "../errors.ts";
import type { Prepared } from "../prepared/prepared.ts";
import { PROGRAM } from "../program.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { classifies, embeds, TASK_FACTS, type TaskFacts, type TaskType, tasksFor } from "../task-types/index.ts";
import type { Split } from "../tasks/definition.ts";
import { taskOfTrained } from "./recipe-of-trained.ts";

/**
 * Refuses a head that tells classes apart and has one output.
 * @param data The split whose labels are its classes, unless the model names them.
 * @throws {DataError} for data that have one label only. @throws {CheckpointError} naming the folder of the model.
 */
export function refuseOneClass({ source, checkpoint, labels }: Prepared, data?: Pick<Split, "labels">): void {
  const { task_type, problem_type, label_column, max_train_samples } = source.recipe;
  const [single] = TASK_FACTS[task_type].problemTypes ?? [];
  if (!classifies(task_type) || (problem_type ?? single) !== single || labels.names.length !== 1) return;
  const [only] = data?.labels ?? [];
  if (only && labels.source === undefined) {
    throw new DataError(`the data have one label only: ${JSON.stringify(only.label)}`, {
      where: only.where,
      expected: `at least two different labels in the column "${label_column}"`,
      hint:
        max_train_samples === undefined
          ? "set label_column to the column to read."
          : `max_train_samples: ${max_train_samples} reads the first rows alone.`,
    });
  }
  throw new CheckpointError("a classification head with one output is not supported yet", {
    where: checkpoint.folder,
    expected: "at least two classes: the softmax over a single output is always 1",
    hint: "the training data needs at least two different labels.",
  });
}

/**
 * Refuses keys of a loss of single classes where texts have several, or a value.
 * @throws {RecipeError} naming the key.
 */
export function refuseOtherLoss({
  task_type,
  problem_type,
  class_weights,
  label_smoothing_factor,
}: ResolvedRecipe): void {
  const [single] = TASK_FACTS[task_type].problemTypes ?? [];
  const keys = { class_weights: class_weights !== undefined, label_smoothing_factor: label_smoothing_factor > 0 };
  const where = Object.entries(keys).find(([, isSet]) => isSet)?.[0];
  if (where === undefined || single === undefined || (problem_type ?? single) === single) return;
  throw new RecipeError(`${where}: ${problem_type} does not have one class for each text`, {
    where,
    expected: `problem_type ${single}`,
  });
}

/** Hints by the command that uses what was trained. */
const HINTS: Readonly<Record<TaskFacts["verb"], string>> = {
  predict: `use ${PROGRAM} predict for a classifier.`,
  embed: `use ${PROGRAM} embed for an embedding model.`,
  generate: `use ${PROGRAM} generate for a causal language model.`,
  evaluate: `use ${PROGRAM} evaluate for a masked language model; ${PROGRAM} generate needs a causal one.`,
};

/** Hint at the command that uses a model of a task. */
export const hintFor = (taskType: TaskType): string => HINTS[TASK_FACTS[taskType].verb];

/** @throws {AdapterError} when what was trained is a language model, which has no labels to predict. */
export function refuseLanguageModel(taskType: TaskType, trained: string): void {
  if (TASK_FACTS[taskType].verb === "predict") return;
  throw new AdapterError(`predict labels texts, and task_type ${taskType} has no labels`, {
    where: trained,
    expected: `an adapter or a model for ${tasksFor("predict").join(" or ")}`,
    hint: hintFor(taskType),
  });
}

/**
 * Refuses what its files say was trained for another task. A whole model without a head is for any task.
 * @throws {AdapterError} naming the command that uses it.
 */
export async function refuseOtherTask(wanted: TaskType, trained: string): Promise<void> {
  const { task, isAdapter } = await taskOfTrained(trained);
  if (task === undefined || task === wanted || (!isAdapter && embeds(task))) return;
  throw new AdapterError(`the ${isAdapter ? "adapter" : "model"} was trained for task_type ${task}, not ${wanted}`, {
    where: trained,
    expected: `an adapter or a model for ${wanted}`,
    hint: hintFor(task),
  });
}
