import { readLora } from "../formats/peft/read-lora.ts";
import { saveLora } from "../formats/peft/save-lora.ts";
import { saveConfig } from "../formats/transformers/save-full.ts";
import { type Architecture, classifies } from "../models/parts/architecture.ts";
import { type LoraConfig, lora } from "../peft/lora.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { MethodDefinition } from "./definition.ts";

/** LoRA, and QLoRA: the same on packed weights. */
export const loraMethod: MethodDefinition = {
  passes: (recipe, architecture) => [lora(loraConfigOf(recipe, architecture), architecture.trainedHeads)],
  format: "peft",
  weightFiles: ["adapter_model.safetensors"],
  keys: [
    "lora_r",
    "lora_alpha",
    "lora_dropout",
    "lora_target_modules",
    "lora_bias",
    "use_rslora",
    "use_dora",
    "loraplus_lr_ratio",
    "load_in_4bit",
    "load_in_8bit",
    "bnb_4bit_quant_type",
  ],
  async save(folder, { model, trained, id2label }) {
    const { source, base, files, architecture } = model;
    const { model_name_or_path: baseModel, model_revision: revision, task_type: taskType } = source.recipe;
    const params = base.params.map(({ origin }) => origin.name);
    const config = loraConfigOf(source.recipe, architecture);
    const fanInFanOut = base.params.some(({ origin }) => origin.transposed);
    await saveLora(folder, { tensors: trained, config, params, baseModel, revision, taskType, fanInFanOut });
    if (classifies(taskType)) await saveConfig(folder, { baseConfig: await files.config(), id2label, taskType });
  },
  read: async (folder) => new Map([...(await readLora(folder)).tensors].map(([name, { data }]) => [name, data])),
};

/** The LoRA keys of a recipe as PEFT's configuration; heads train beside a classification adapter. */
export function loraConfigOf(recipe: ResolvedRecipe, architecture: Architecture): LoraConfig {
  const extra = [recipe.lora_modules_to_save ?? []].flat();
  const layers = recipe.layers_to_transform;
  return {
    r: recipe.lora_r,
    loraAlpha: recipe.lora_alpha,
    targetModules: recipe.lora_target_modules ?? architecture.targetModules,
    loraDropout: recipe.lora_dropout,
    bias: recipe.lora_bias,
    useRslora: recipe.use_rslora,
    useDora: recipe.use_dora,
    rankPattern: recipe.rank_pattern ?? {},
    alphaPattern: recipe.alpha_pattern ?? {},
    modulesToSave: [...new Set([...architecture.trainedHeads, ...extra])],
    initLoraWeights: recipe.init_lora_weights,
    ...(layers !== undefined && { layersToTransform: [layers].flat() }),
  };
}
