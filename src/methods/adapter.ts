import { type HoulsbyAdapter, houlsbyOf } from "../formats/adapter-hub/read.ts";
import { saveHoulsby } from "../formats/adapter-hub/save.ts";
import { type HoulsbyConfig, houlsby } from "../peft/houlsby.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { MethodDefinition, MethodSpec, TrainedAdapter } from "./definition.ts";
import { saveLabels } from "./peft-files.ts";

type Settings = Pick<HoulsbyConfig, "reductionFactor" | "nonLinearity">;

/** Houlsby's bottleneck adapters, two a layer. */
export const adapter = (options: Partial<Settings> = {}): MethodSpec => ({
  keys: { method: "adapter", ...keysOf(options) },
});

const keysOf = <S extends Partial<Settings>>({ reductionFactor, nonLinearity }: S) => ({
  adapter_reduction_factor: reductionFactor,
  adapter_non_linearity: nonLinearity,
});

const settingsOf = (recipe: ResolvedRecipe): Settings => ({
  reductionFactor: recipe.adapter_reduction_factor,
  nonLinearity: recipe.adapter_non_linearity,
});

/** Houlsby's adapters, two a layer, in adapter-hub's files. */
export const adapterMethod: MethodDefinition = {
  passes: (recipe, { layers, adapterSites, trainedHeads }) => [
    houlsby({ ...settingsOf(recipe), layers, sites: adapterSites, modulesToSave: trainedHeads }),
  ],
  isOwn: (param) => /\.adapters\./.test(param),
  format: "adapters",
  weightFiles: ["adapter.safetensors", "model_head.safetensors"],
  cardKeys: ["adapter_reduction_factor", "adapter_non_linearity"],
  async save(folder, what) {
    const { model, trained, id2label } = what;
    const { source, checkpoint } = model;
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
    await saveLabels(folder, what);
  },
  adapterType: "adapters",
  open: async (stored) => trainedAdapter(await houlsbyOf(stored)),
};

const trainedAdapter = (houlsby: HoulsbyAdapter): TrainedAdapter => ({
  ...houlsby,
  taskType: undefined,
  decides: () => ({
    method: "adapter",
    adapter_reduction_factor: houlsby.config.reductionFactor,
    adapter_non_linearity: houlsby.config.nonLinearity,
  }),
});
