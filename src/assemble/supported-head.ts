import { AdapterError, CheckpointError } from "../errors.ts";
import type { Prepared } from "../prepared/prepared.ts";
import { classifies, TASK_FACTS, type TaskFacts, type TaskType, tasksFor } from "../task-types/index.ts";

/**
 * Refuses a head that tells classes apart and has one output.
 * @throws {CheckpointError} naming the folder of the model.
 */
export function refuseOneClass({ source, checkpoint, labels }: Prepared): void {
  const { task_type, problem_type } = source.recipe;
  const [single] = TASK_FACTS[task_type].problemTypes ?? [];
  if (!classifies(task_type) || (problem_type ?? single) !== single || labels.names.length !== 1) return;
  throw new CheckpointError("a classification head with one output is not supported yet", {
    where: checkpoint.folder,
    expected: "at least two classes: the softmax over a single output is always 1",
    hint: "the training data needs at least two different labels.",
  });
}

/** Hints for models that other commands use. */
const HINTS: Readonly<Record<Exclude<TaskFacts["verb"], "predict">, string>> = {
  embed: "use lowrank embed for an embedding model.",
  generate: "use lowrank generate for a causal language model.",
  evaluate: "use lowrank evaluate for a masked language model; lowrank generate needs a causal one.",
};

/** @throws {AdapterError} when what was trained is a language model, which has no labels to predict. */
export function refuseLanguageModel(taskType: TaskType, trained: string): void {
  const { verb } = TASK_FACTS[taskType];
  if (verb === "predict") return;
  throw new AdapterError(`predict labels texts, and task_type ${taskType} has no labels`, {
    where: trained,
    expected: `an adapter or a model for ${tasksFor("predict").join(" or ")}`,
    hint: HINTS[verb],
  });
}
