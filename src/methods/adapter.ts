import { readHoulsby } from "../formats/adapter-hub/read.ts";
import { saveHoulsby } from "../formats/adapter-hub/save.ts";
import { saveConfig } from "../formats/transformers/save-full.ts";
import { classifies } from "../models/parts/architecture.ts";
import { houlsby } from "../peft/houlsby.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { MethodDefinition } from "./definition.ts";

const settingsOf = (recipe: ResolvedRecipe) => ({
  reductionFactor: recipe.adapter_reduction_factor,
  nonLinearity: recipe.adapter_non_linearity,
});

/** Houlsby's adapters, two a layer, in adapter-hub's files. */
export const adapterMethod: MethodDefinition = {
  passes: (recipe, { layers, adapterSites, trainedHeads }) => [
    houlsby({ ...settingsOf(recipe), layers, sites: adapterSites, modulesToSave: trainedHeads }),
  ],
  format: "adapters",
  weightFiles: ["adapter.safetensors", "model_head.safetensors"],
  keys: ["adapter_reduction_factor", "adapter_non_linearity"],
  async save(folder, { model, trained, id2label }) {
    const { source, checkpoint, files } = model;
    const { model_name_or_path: baseModel, task_type: taskType } = source.recipe;
    const config = settingsOf(source.recipe);
    await saveHoulsby(folder, {
      tensors: trained,
      config,
      baseConfig: checkpoint.config,
      baseModel,
      taskType,
      id2label,
    });
    if (classifies(taskType)) await saveConfig(folder, { baseConfig: await files.config(), id2label, taskType });
  },
  read: async (folder) => new Map([...(await readHoulsby(folder)).tensors].map(([name, { data }]) => [name, data])),
};
