import { z } from "zod";
import { AdapterError } from "../../errors.ts";
import { type LoraConfig, MAX_ALPHA, MAX_RANK } from "../../peft/lora.ts";
import type { TokenIndices } from "../../peft/lora-tokens.ts";
import type { JsonObject } from "../json/json.ts";
import { float, isOff } from "../json/json-file.ts";
import { modulesToSaveJson, originJson, type PeftOrigin, parsePeftConfig } from "./peft-adapter.ts";

const rank = z.int().min(1).max(MAX_RANK);
const alpha = z.number().min(-MAX_ALPHA).max(MAX_ALPHA);

const tokenIds = z.array(z.int().min(0));

/** The keys of PEFT's LoraConfig that are read. */
const keys = {
  r: rank.nullish(),
  lora_alpha: alpha.nullish(),
  lora_dropout: z.number().min(0).lt(1).nullish(),
  bias: z.enum(["none", "all", "lora_only"]).nullish(),
  target_modules: z.union([z.string(), z.array(z.string())]).nullish(),
  modules_to_save: z.array(z.string()).nullish(),
  layers_to_transform: z.union([z.int(), z.array(z.int())]).nullish(),
  exclude_modules: z.union([z.string(), z.array(z.string())]).nullish(),
  layers_pattern: z.union([z.string(), z.array(z.string())]).nullish(),
  lora_bias: z.boolean().nullish(),
  trainable_token_indices: z.union([tokenIds, z.record(z.string(), tokenIds)]).nullish(),
  use_rslora: z.boolean().nullish(),
  use_dora: z.boolean().nullish(),
  rank_pattern: z.record(z.string(), rank).nullish(),
  alpha_pattern: z.record(z.string(), alpha).nullish(),
  init_lora_weights: z.union([z.boolean(), z.string()]).nullish(),
};

/** PEFT's rank and alpha where a file says none. */
const PEFT_DEFAULT = 8;

const METHOD = {
  type: "LORA",
  keys,
  ignored: ["megatron_core", "loftq_config", "eva_config", "corda_config", "lora_ga_config", "qalora_group_size", "ensure_weight_tying"], // biome-ignore format: one list
  supported: "plain LoRA, rsLoRA or DoRA on linear layers, plain LoRA and rsLoRA on embeddings",
} as const;

/** Initialisations that take the adapter's start out of the base model's weights. */
const CHANGES_BASE = /^(pissa|olora|loftq|corda|lora_ga)/;

/**
 * PEFT's configuration, understood; `targetModules` is missing where the file leaves it to PEFT, or selects in ways that the
 * names of the adapter's tensors say better: `exclude_modules`, `layers_pattern`.
 */
export interface ParsedLoraConfig {
  readonly config: Omit<LoraConfig, "targetModules"> & { readonly targetModules?: string | readonly string[] };
  readonly taskType: string | undefined;
  readonly baseModel: string | undefined;
}

/**
 * Reads PEFT's `adapter_config.json`.
 * @param where Its path, for messages.
 * @throws {AdapterError} for another method than LoRA, a value of the wrong type, or a key that changes what the adapter
 *   computes in a way that is not known here.
 */
export function parseLoraConfig(json: JsonObject, where: string): ParsedLoraConfig {
  refuseChangedBase(json.init_lora_weights, where);
  const data = parsePeftConfig(json, where, METHOD);
  const { task_type, base_model_name_or_path, target_modules, layers_to_transform: layers, ...c } = data;
  const isNamed = isOff(c.exclude_modules) && isOff(c.layers_pattern);
  const config = {
    r: c.r ?? PEFT_DEFAULT,
    loraAlpha: c.lora_alpha ?? PEFT_DEFAULT,
    loraDropout: c.lora_dropout ?? 0,
    bias: c.bias ?? "none",
    loraBias: c.lora_bias ?? false,
    useRslora: c.use_rslora ?? false,
    ...(!isOff(c.trainable_token_indices) && { trainableTokenIndices: c.trainable_token_indices as TokenIndices }),
    useDora: c.use_dora ?? false,
    rankPattern: c.rank_pattern ?? {},
    alphaPattern: c.alpha_pattern ?? {},
    modulesToSave: c.modules_to_save ?? [],
    initLoraWeights: initOf(c.init_lora_weights),
    ...(isNamed && target_modules != null && { targetModules: target_modules }),
    ...(isNamed && layers != null && [layers].flat().length > 0 && { layersToTransform: [layers].flat() }),
  };
  return { config, taskType: task_type ?? undefined, baseModel: base_model_name_or_path ?? undefined };
}

/** Initialization of a trained adapter; the other kinds leave no trace in it. */
const initOf = (init: boolean | string | null | undefined): boolean | "gaussian" =>
  init === "gaussian" ? init : init !== false;

function refuseChangedBase(init: unknown, where: string): void {
  if (typeof init !== "string" || !CHANGES_BASE.test(init)) return;
  throw new AdapterError(`the adapter was made with init_lora_weights ${init}, which changes the base model too`, {
    where: `${where}: init_lora_weights`,
    hint: "save it again with PEFT's path_initial_model_for_weight_conversion, which makes it an ordinary adapter.",
  });
}

/**
 * PEFT's `adapter_config.json`: the keys that every version of PEFT knows, and of the newer ones those that are needed
 * (older versions refuse a file with a key that they do not know).
 * @param targetModules Ends of module paths.
 */
export function loraConfigJson(config: LoraConfig, targetModules: readonly string[], origin: PeftOrigin): JsonObject {
  const { rankPattern = {}, alphaPattern = {}, useRslora = false, useDora = false } = config;
  const { taskType, fanInFanOut = false } = origin;
  return {
    ...originJson("LORA", origin),
    r: config.r,
    lora_alpha: config.loraAlpha,
    lora_dropout: float(config.loraDropout ?? 0),
    bias: config.bias ?? "none",
    fan_in_fan_out: fanInFanOut,
    target_modules: targetModules,
    modules_to_save: modulesToSaveJson(config.modulesToSave, taskType),
    init_lora_weights: config.initLoraWeights ?? true,
    layers_to_transform: config.layersToTransform ?? null,
    layers_pattern: null,
    ...(!isOff(config.excludeModules) && { exclude_modules: config.excludeModules }),
    ...(Object.keys(rankPattern).length > 0 && { rank_pattern: rankPattern }),
    ...(Object.keys(alphaPattern).length > 0 && { alpha_pattern: alphaPattern }),
    ...(useRslora && { use_rslora: true }),
    ...(useDora && { use_dora: true }),
    ...(config.trainableTokenIndices && { trainable_token_indices: config.trainableTokenIndices }),
    ...(config.loraBias && { lora_bias: true }),
  };
}
