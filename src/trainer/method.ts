import type { QuantizationScheme } from "../ir/graph.ts";
import type { Architecture } from "../models/architecture.ts";
import type { Pass } from "../passes/pass.ts";
import { quantize } from "../passes/quantize.ts";
import { keepTrainable } from "../passes/trainable.ts";
import { houlsby } from "../peft/houlsby.ts";
import { type LoraConfig, lora } from "../peft/lora.ts";
import { isUnder } from "../peft/targets.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";

/** The rewrites that make a base model the one that a recipe trains. */
export function methodPasses(recipe: ResolvedRecipe, architecture: Architecture): Pass[] {
  const scheme = quantizationOf(recipe);
  const packing = scheme ? [quantize(scheme, architecture.heads)] : [];
  switch (recipe.method) {
    case "full":
      return [];
    case "head":
      return [keepTrainable((name) => isUnder(name, architecture.trainedHeads)), ...packing];
    case "lora":
    case "qlora":
      return [lora(loraConfigOf(recipe, architecture)), ...packing];
    case "adapter":
      return [
        houlsby({
          reductionFactor: recipe.adapter_reduction_factor,
          nonLinearity: recipe.adapter_non_linearity,
          layers: architecture.layers,
          sites: architecture.adapterSites,
          modulesToSave: architecture.trainedHeads,
        }),
        ...packing,
      ];
    default:
      return recipe.method satisfies never;
  }
}

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

/** How the frozen weights are held, or `undefined` for as they are. */
export function quantizationOf(recipe: ResolvedRecipe): QuantizationScheme | undefined {
  if (recipe.load_in_8bit) return { type: "int8" };
  if (!recipe.load_in_4bit) return undefined;
  return { type: recipe.bnb_4bit_quant_type, blockSize: 64, doubleQuant: recipe.use_bnb_nested_quant };
}
