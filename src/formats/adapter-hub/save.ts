import { makeFolder } from "#platform";
import type { JsonObject } from "../json/json.ts";
import { writeJson } from "../json/json-file.ts";
import { type FloatTensor, type NamedTensors, writeTensors } from "../safetensors/tensors.ts";
import { label2id, taskClass } from "../transformers/task-class.ts";
import { type HoulsbySettings, houlsbyConfigJson } from "./config.ts";
import { hubKeyOf } from "./keys.ts";

/** The release whose format this is; adapter-hub reads a file without one as older, with other activations. */
const VERSION = "adapters.1.3.0";

/** The name under which adapter-hub activates what we write. */
const NAME = "houlsby";

/** Houlsby adapters to be written, and the head that was trained with them. */
export interface HoulsbyToSave {
  /** All trained parameters, by the model's own names. */
  readonly tensors: NamedTensors;
  readonly config: HoulsbySettings;
  /** The base model's `config.json`. */
  readonly baseConfig: JsonObject;
  /** Folder or Hub id of the base model. */
  readonly baseModel: string;
  readonly taskType: string;
  /** Labels by id. */
  readonly id2label: Readonly<Record<string, string>>;
}

/**
 * Writes adapters as adapter-hub's `save_adapter(…, with_head=True, use_safetensors=True)` does: the head's weights and
 * `head_config.json`, then `adapter.safetensors`, and `adapter_config.json` last.
 * @throws {FileError} when the folder cannot be written.
 */
export async function saveHoulsby(folder: string, model: HoulsbyToSave): Promise<void> {
  const adapter: [string, FloatTensor][] = [];
  const head: [string, FloatTensor][] = [];
  for (const [param, tensor] of model.tensors) {
    const key = hubKeyOf(param, NAME);
    if (key === undefined) head.push([param, tensor]);
    else adapter.push([key, tensor]);
  }
  const about = aboutBase(model);
  await makeFolder(folder);
  await writeTensors(`${folder}/model_head.safetensors`, head, {});
  await writeJson(`${folder}/head_config.json`, {
    ...about,
    config: null,
    name: null,
    label2id: label2id(model.id2label),
    num_labels: Object.keys(model.id2label).length,
  });
  await writeTensors(`${folder}/adapter.safetensors`, adapter, {});
  await writeJson(`${folder}/adapter_config.json`, { ...about, config: houlsbyConfigJson(model.config), name: NAME });
}

function aboutBase({ baseConfig, baseModel, taskType }: HoulsbyToSave): JsonObject {
  return {
    hidden_size: baseConfig.hidden_size ?? baseConfig.dim ?? null,
    model_class: taskClass(baseConfig, taskType) ?? null,
    model_name: baseModel,
    model_type: baseConfig.model_type,
    version: VERSION,
  };
}
