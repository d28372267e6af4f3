import type { PeftOrigin } from "../formats/peft/peft-adapter.ts";
import type { StoredAdapter } from "../formats/safetensors/adapter.ts";
import { saveConfig } from "../formats/transformers/save-full.ts";
import { taskClass } from "../formats/transformers/task-class.ts";
import type { Architecture } from "../models/parts/architecture.ts";
import { headKeys } from "../prepared/head-keys.ts";
import type { Prepared } from "../prepared/prepared.ts";
import { classifies } from "../task-types/index.ts";
import type { Savable, TrainedAdapter } from "./definition.ts";

/** The facts of a base model that `adapter_config.json` holds. */
export function originOf({ source, base, checkpoint }: Prepared): PeftOrigin {
  const { model_name_or_path: baseModel, model_revision: revision, task_type: taskType } = source.recipe;
  const name = taskClass(checkpoint.config, taskType);
  return {
    ...{ baseModel, revision, taskType },
    fanInFanOut: base.params.some(({ origin }) => origin.transposed),
    modelClass: name === undefined ? undefined : { name, modelType: String(checkpoint.config.model_type) },
  };
}

/** The format, folder, task and base of an adapter, as its `adapter_config.json` has them. */
export const adapterHead = (
  { folder }: StoredAdapter,
  config: {
    readonly task_type?: string | null | undefined;
    readonly base_model_name_or_path?: string | null | undefined;
  },
): Pick<TrainedAdapter, "format" | "folder" | "taskType" | "baseModel"> => ({
  format: "peft",
  folder,
  taskType: config.task_type ?? undefined,
  baseModel: config.base_model_name_or_path ?? undefined,
});

/** Modules that train whole beside an adapter: the heads, and those of the recipe. */
export const modulesBeside = (
  { trainedHeads }: Architecture,
  chosen: readonly string[] | string | undefined,
): readonly string[] => [...new Set([...trainedHeads, ...[chosen ?? []].flat()])];

/** Patterns of an adapter as a recipe holds them. */
export const recipePatterns = (patterns: readonly string[] | string): string[] | string =>
  typeof patterns === "string" ? patterns : [...patterns];

/** Writes the `config.json` that keeps the labels of a classifier beside its adapter. */
export async function saveLabels(folder: string, { model, id2label }: Savable): Promise<void> {
  const taskType = model.source.recipe.task_type;
  if (!classifies(taskType)) return;
  await saveConfig(folder, { baseConfig: await model.files.config(), id2label, taskType, head: headKeys(model) });
}
