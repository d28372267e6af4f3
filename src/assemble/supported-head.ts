import { exists } from "#platform";
import { AdapterError, CheckpointError } from "../errors.ts";
import { readConfig } from "../formats/transformers/config.ts";
import { classifies } from "../models/parts/architecture.ts";
import type { Prepared } from "../prepared/prepared.ts";

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
  if (task_type === "SEQ_CLS" && (problem_type ?? SINGLE) !== SINGLE) {
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

/** @throws {AdapterError} when what was trained is a language model, which has no labels to predict. */
export function refuseLanguageModel(taskType: string, trained: string): void {
  if (classifies(taskType)) return;
  throw new AdapterError(`predict labels texts, and task_type ${taskType} has no labels`, {
    where: trained,
    expected: "an adapter or a model for SEQ_CLS or TOKEN_CLS",
    hint:
      taskType === "CAUSAL_LM"
        ? "lowrank generate writes text with a causal language model."
        : "lowrank evaluate measures a masked language model; lowrank generate takes causal ones only.",
  });
}
