import { exists } from "#platform";
import { AdapterError, CheckpointError } from "../errors.ts";
import { readConfig } from "../formats/transformers/config.ts";
import type { Prepared } from "../prepared/prepared.ts";
import { classifies, TASK_FACTS, type TaskFacts, type TaskType, tasksFor } from "../task-types/index.ts";

/** The only `problem_type` whose logits are a softmax over classes. */
const SINGLE = "single_label_classification";

/**
 * Refuses classification heads whose logits are no softmax over classes: several labels a text, regression, one output.
 * @param adapter Folder of the adapter, whose own `config.json` goes before the base's.
 * @throws {CheckpointError} naming the configuration that says so.
 */
export async function refuseOtherHeads({ source, checkpoint, labels }: Prepared, adapter?: string): Promise<void> {
  const { task_type } = source.recipe;
  if (!classifies(task_type)) return;
  const beside = adapter !== undefined && (await exists(`${adapter}/config.json`));
  const folder = beside ? adapter : checkpoint.folder;
  const { problem_type } = beside ? await readConfig(adapter) : checkpoint.config;
  if (TASK_FACTS[task_type].problemType !== undefined && (problem_type ?? SINGLE) !== SINGLE) {
    throw new CheckpointError(`problem_type ${String(problem_type)} is not supported yet`, {
      where: `${folder}/config.json`,
      expected: `${SINGLE}: one label for each text`,
      hint: "a copy of the model without problem_type in its config.json is read as a single-label classifier.",
    });
  }
  if (labels.names.length !== 1) return;
  throw new CheckpointError("a classification head with one output is not supported yet", {
    where: folder,
    expected: "at least two classes: the softmax over a single output is always 1",
    hint: "the training data needs at least two different labels.",
  });
}

/** Hints for models that other commands use. */
const HINTS: Readonly<Record<Exclude<TaskFacts["verb"], "predict">, string>> = {
  generate: "lowrank generate writes text with a causal language model.",
  evaluate: "lowrank evaluate measures a masked language model; lowrank generate takes causal ones only.",
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
