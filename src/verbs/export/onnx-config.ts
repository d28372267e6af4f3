import { exists } from "#platform";
import type { JsonObject } from "../../formats/json/json.ts";
import { copyTokenizer } from "../../formats/transformers/copy-tokenizer.ts";
import { tunedConfig } from "../../formats/transformers/save-full.ts";
import { changesAfter } from "../../models/longest-text.ts";
import { endIds } from "../../prepared/end-ids.ts";
import { headKeys } from "../../prepared/head-keys.ts";
import type { Prepared } from "../../prepared/prepared.ts";
import { classifies, generates } from "../../task-types/index.ts";

const GENERATION = "generation_config.json";

/** The `config.json` of a model as it is, and what it generates with, where no file of the model says. */
export async function configFiles(
  model: Prepared,
  out: string,
): Promise<{ readonly config: JsonObject; readonly generation?: JsonObject }> {
  const { files, labels, source, checkpoint, tokenizer } = model;
  const taskType = source.recipe.task_type;
  const id2label = Object.fromEntries(labels.names.map((name, id) => [id, name]));
  const config = tunedConfig({ baseConfig: await files.config(), taskType, id2label, head: headKeys(model) });
  if (!generates(taskType)) return { config };
  if (await exists(`${checkpoint.folder}/${GENERATION}`)) {
    await copyTokenizer(checkpoint.folder, out, [GENERATION]);
    return { config };
  }
  const { bos_token } = tokenizer.special;
  const bos = bos_token === undefined ? undefined : tokenizer.idOf(bos_token);
  const generation = {
    ...(bos !== undefined && { bos_token_id: bos }),
    eos_token_id: [...endIds({ checkpoint, tokenizer })],
    pad_token_id: tokenizer.padId,
  };
  return { config, generation };
}

/** Obstacles to using the model in transformers.js, or to the same results as here. */
export function obstacles({ architecture, source, tokenizer, checkpoint }: Prepared): string[] {
  const { task_type } = source.recipe;
  const { modelType, tasks } = architecture;
  const notes: string[] = [];
  if (classifies(task_type) && tasks.some(generates)) {
    notes.push(
      `transformers.js has no class for ${task_type} on ${modelType}; run the model with ONNX Runtime directly`,
    );
  }
  const wanted = ["tokenizer.json", "tokenizer_config.json"];
  const missing = tokenizer.files.length > 0 ? wanted.filter((name) => !tokenizer.files.includes(name)) : [];
  if (missing.length > 0) notes.push(`transformers.js needs ${missing.join(" and ")}, which the model does not have`);
  const change = generates(task_type) ? changesAfter(checkpoint.config) : undefined;
  if (change !== undefined) {
    notes.push(
      `its rotary embedding changes after ${change} tokens; when a text grows past them, it must be processed again from its beginning`,
    );
  }
  return notes;
}
