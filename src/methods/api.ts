import type { HoulsbyConfig } from "../peft/houlsby.ts";
import type { LoraConfig } from "../peft/lora.ts";

/** A fine-tuning method and its settings, as recipe keys. Made by `lora`, `adapter`, `full`, `head`. */
export interface MethodSpec {
  readonly keys: Readonly<Record<string, unknown>>;
}

/** PEFT's `LoraConfig` as a user gives it: everything has PEFT's or the recipe's default. */
export type LoraOptions = Partial<LoraConfig>;

/** LoRA: low-rank updates beside frozen weights. Options are PEFT's, in camelCase. */
export function lora(options: LoraOptions = {}): MethodSpec {
  const { r, loraAlpha, targetModules, loraDropout, bias, modulesToSave, ...rest } = options;
  const keys = {
    method: "lora",
    lora_r: r,
    lora_alpha: loraAlpha,
    lora_target_modules: targetModules,
    lora_dropout: loraDropout,
    lora_bias: bias,
    lora_modules_to_save: modulesToSave,
    use_rslora: rest.useRslora,
    use_dora: rest.useDora,
    layers_to_transform: rest.layersToTransform,
    rank_pattern: rest.rankPattern,
    alpha_pattern: rest.alphaPattern,
    init_lora_weights: rest.initLoraWeights,
  };
  return { keys };
}

/** Houlsby's bottleneck adapters, two a layer. */
export const adapter = (
  options: Partial<Pick<HoulsbyConfig, "reductionFactor" | "nonLinearity">> = {},
): MethodSpec => ({
  keys: {
    method: "adapter",
    adapter_reduction_factor: options.reductionFactor,
    adapter_non_linearity: options.nonLinearity,
  },
});

/** Full fine-tuning: every weight trains. */
export const full = (): MethodSpec => ({ keys: { method: "full" } });

/** Trains the classification head alone, on frozen features. */
export const head = (): MethodSpec => ({ keys: { method: "head" } });
