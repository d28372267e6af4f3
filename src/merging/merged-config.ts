import { exists } from "#platform";
import type { JsonObject } from "../formats/json/json.ts";
import { readJsonToEdit } from "../formats/json/json-file.ts";
import type { FloatDtype } from "../formats/safetensors/float-bytes.ts";
import type { Checkpoint } from "../formats/transformers/checkpoint.ts";
import { label2id, taskClass } from "../formats/transformers/task-class.ts";
import type { TrainedAdapter } from "../methods/definition.ts";

/** transformers' names of the types. */
const NAMES: Readonly<Record<FloatDtype, string>> = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
};

/** Changes of a merge to a configuration. */
export interface MergedFacts {
  /** The type that the merged weights were asked to have. */
  readonly dtype?: FloatDtype;
  readonly untied: boolean;
}

/**
 * The `config.json` of a merged model: the base's, with the class and labels of the adapter's task. Labels are those of
 * the `config.json` beside the adapter; PEFT writes none, so without it they are numbered.
 */
export async function mergedConfig(base: Checkpoint, adapter: TrainedAdapter, facts: MergedFacts): Promise<JsonObject> {
  const config = await readOr(`${base.folder}/config.json`, base.config);
  const key = config.dtype === undefined ? "torch_dtype" : "dtype";
  return {
    ...config,
    ...(await taskKeys(config, adapter)),
    ...(facts.dtype && { [key]: NAMES[facts.dtype] }),
    ...(facts.untied && { tie_word_embeddings: false }),
  };
}

const readOr = async (path: string, otherwise: JsonObject): Promise<JsonObject> =>
  (await exists(path)) ? readJsonToEdit(path) : otherwise;

async function taskKeys(config: JsonObject, { folder, taskType = "", tensors }: TrainedAdapter): Promise<JsonObject> {
  const className = taskClass(config, taskType);
  if (className === undefined) return {};
  const { id2label, problem_type, multi_label_threshold } = await readOr(`${folder}/config.json`, {});
  const labels = [...tensors].find(([name]) => HEAD.test(name))?.[1].shape[0];
  const known = (id2label ?? config.id2label ?? {}) as Record<string, string>;
  const names = labels === undefined || Object.keys(known).length === labels ? known : numbered(labels);
  return {
    architectures: [className],
    ...(Object.keys(names).length > 0 && { id2label: names, label2id: label2id(names) }),
    ...(problem_type !== undefined && { problem_type }),
    ...(multi_label_threshold !== undefined && { multi_label_threshold }),
  };
}

/** The last layer of transformers' classification heads. */
const HEAD = /^(?:classifier|score)(?:\.out_proj)?\.weight$/;

const numbered = (n: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: n }, (_, i) => [i, `LABEL_${i}`]));
