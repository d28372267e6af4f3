import { makeFolder } from "#platform";
import { factsOf } from "../../task-types/index.ts";
import type { JsonObject } from "../json/json.ts";
import { writeJson } from "../json/json-file.ts";
import { type NamedTensors, writeTensors } from "../safetensors/tensors.ts";
import { label2id, taskClass } from "./task-class.ts";

/** A whole model to be written. */
export interface ModelToSave {
  /** All parameters, trained or not, by the names of transformers' class, as its files have them. */
  readonly tensors: NamedTensors;
  /** The base model's `config.json`. */
  readonly baseConfig: JsonObject;
  readonly taskType: string;
  /** Labels by id; none of a language model. */
  readonly id2label: Readonly<Record<string, string>>;
  /** Keys that say how the outputs of a classification head are read. Default: the usual of the task. */
  readonly head?: JsonObject;
}

/**
 * Writes a fine-tuned model as transformers does: `model.safetensors` in float32, then `config.json` with its labels.
 * @throws {FileError} when the folder cannot be written.
 */
export async function saveFull(folder: string, { tensors, ...model }: ModelToSave): Promise<void> {
  await makeFolder(folder);
  await writeTensors(`${folder}/model.safetensors`, tensors);
  await writeJson(`${folder}/config.json`, tunedConfig(model));
}

/**
 * Writes the `config.json` of a fine-tuned model alone: beside an adapter it keeps the labels, which neither PEFT's
 * configuration nor a base model's holds. PEFT does not read it.
 */
export async function saveConfig(folder: string, model: Omit<ModelToSave, "tensors">): Promise<void> {
  await writeJson(`${folder}/config.json`, tunedConfig(model));
}

/** `problem_type` of tasks that have one. */
function usualHead(taskType: string): JsonObject {
  const [problem_type] = factsOf(taskType)?.problemTypes ?? [];
  return problem_type === undefined ? {} : { problem_type };
}

/** The base model's configuration under its new head. transformers counts `id2label` and so writes no `num_labels`. */
export function tunedConfig({
  baseConfig,
  taskType,
  id2label,
  head = usualHead(taskType),
}: Omit<ModelToSave, "tensors">): JsonObject {
  const { num_labels, problem_type, multi_label_threshold, torch_dtype, dtype, ...rest } = baseConfig;
  const className = taskClass(baseConfig, taskType);
  return {
    ...rest,
    ...(className !== undefined && { architectures: [className] }),
    [dtype === undefined ? "torch_dtype" : "dtype"]: "float32",
    ...(Object.keys(id2label).length > 0 && { id2label, label2id: label2id(id2label) }),
    ...head,
  };
}
