import { z } from "zod";
import { AdapterError } from "../../errors.ts";
import { type LoraConfig, MAX_ALPHA, MAX_RANK } from "../../peft/lora.ts";
import { classifies } from "../../task-types/index.ts";
import { brief, type JsonObject } from "../json/json.ts";
import { float, isOff } from "../json/json-file.ts";

/** Heads that PEFT adds to `modules_to_save` of every classification adapter, whatever the model calls its own. */
export const CLASSIFICATION_HEADS = ["classifier", "score"];

const rank = z.int().min(1).max(MAX_RANK);
const alpha = z.number().min(-MAX_ALPHA).max(MAX_ALPHA);

/** The keys of PEFT's LoraConfig that are read. */
const keys = {
  task_type: z.string().nullish(),
  base_model_name_or_path: z.string().nullish(),
  r: rank.nullish(),
  lora_alpha: alpha.nullish(),
  lora_dropout: z.number().min(0).lt(1).nullish(),
  bias: z.enum(["none", "all", "lora_only"]).nullish(),
  target_modules: z.union([z.string(), z.array(z.string())]).nullish(),
  modules_to_save: z.array(z.string()).nullish(),
  layers_to_transform: z.union([z.int(), z.array(z.int())]).nullish(),
  exclude_modules: z.union([z.string(), z.array(z.string())]).nullish(),
  layers_pattern: z.union([z.string(), z.array(z.string())]).nullish(),
  use_rslora: z.boolean().nullish(),
  use_dora: z.boolean().nullish(),
  rank_pattern: z.record(z.string(), rank).nullish(),
  alpha_pattern: z.record(z.string(), alpha).nullish(),
  init_lora_weights: z.union([z.boolean(), z.string()]).nullish(),
};

/** PEFT's rank and alpha where a file says none. */
const PEFT_DEFAULT = 8;

/** Keys that change nothing in what a trained adapter computes. */
const IGNORED = [
  ...["peft_type", "peft_version", "auto_mapping", "revision", "inference_mode", "runtime_config", "megatron_core"],
  "fan_in_fan_out", // repeats how the base model stores its weights
  ...["loftq_config", "eva_config", "corda_config", "lora_ga_config", "qalora_group_size", "ensure_weight_tying"],
];

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
  if (json.peft_type !== "LORA") {
    throw new AdapterError(`the adapter is of type ${brief(json.peft_type)}`, {
      where: `${where}: peft_type`,
      expected: "LORA",
    });
  }
  const parsed = z.object(keys).safeParse(json);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    throw new AdapterError(`the adapter's configuration cannot be used: ${problems.join("; ")}`, { where });
  }
  refuseUnknown(json, where);
  const { task_type, base_model_name_or_path, target_modules, layers_to_transform: layers, ...c } = parsed.data;
  const isNamed = isOff(c.exclude_modules) && isOff(c.layers_pattern);
  const config = {
    r: c.r ?? PEFT_DEFAULT,
    loraAlpha: c.lora_alpha ?? PEFT_DEFAULT,
    loraDropout: c.lora_dropout ?? 0,
    bias: c.bias ?? "none",
    useRslora: c.use_rslora ?? false,
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

/** Of the other ways to start, nothing is left in a trained adapter. */
const initOf = (init: boolean | string | null | undefined): boolean | "gaussian" =>
  init === "gaussian" ? init : init !== false;

function refuseUnknown(json: JsonObject, where: string): void {
  const init = json.init_lora_weights;
  if (typeof init === "string" && CHANGES_BASE.test(init)) {
    throw new AdapterError(`the adapter was made with init_lora_weights ${init}, which changes the base model too`, {
      where: `${where}: init_lora_weights`,
      hint: "save it again with PEFT's path_initial_model_for_weight_conversion: that makes it an ordinary adapter.",
    });
  }
  for (const [key, value] of Object.entries(json)) {
    if (key in keys || IGNORED.includes(key) || isOff(value)) continue;
    throw new AdapterError(`the adapter sets ${key} to ${brief(value)}, which is not supported`, {
      where,
      expected: "plain LoRA, rsLoRA or DoRA on linear layers",
      hint: `only if ${key} changes nothing in what the adapter computes, remove it from the file.`,
    });
  }
}

/** What `adapter_config.json` says besides the LoRA configuration. */
export interface LoraOrigin {
  /** Folder or Hub id of the base model. */
  readonly baseModel: string;
  /** Branch, tag or commit of a Hub model; `main` goes without saying. */
  readonly revision?: string;
  /** PEFT's name of the task. */
  readonly taskType: string;
  /** Whether the base model stores the adapted weights `[in, out]`, as GPT-2 does. Default false. */
  readonly fanInFanOut?: boolean;
}

/**
 * PEFT's `adapter_config.json`: the keys that every version of PEFT knows, and of the newer ones those that are needed
 * (older versions refuse a file with a key that they do not know).
 * @param targetModules Ends of module paths.
 */
export function loraConfigJson(config: LoraConfig, targetModules: readonly string[], origin: LoraOrigin): JsonObject {
  const { rankPattern = {}, alphaPattern = {}, useRslora = false, useDora = false } = config;
  const { baseModel, revision = "main", taskType, fanInFanOut = false } = origin;
  const heads = classifies(taskType) ? CLASSIFICATION_HEADS : [];
  const modulesToSave = [...extraModules(config.modulesToSave, heads), ...heads];
  return {
    peft_type: "LORA",
    task_type: taskType,
    base_model_name_or_path: baseModel,
    revision: revision === "main" ? null : revision,
    inference_mode: true,
    r: config.r,
    lora_alpha: config.loraAlpha,
    lora_dropout: float(config.loraDropout ?? 0),
    bias: config.bias ?? "none",
    fan_in_fan_out: fanInFanOut,
    target_modules: targetModules,
    modules_to_save: modulesToSave.length > 0 ? modulesToSave : null,
    init_lora_weights: config.initLoraWeights ?? true,
    layers_to_transform: config.layersToTransform ?? null,
    layers_pattern: null,
    ...(Object.keys(rankPattern).length > 0 && { rank_pattern: rankPattern }),
    ...(Object.keys(alphaPattern).length > 0 && { alpha_pattern: alphaPattern }),
    ...(useRslora && { use_rslora: true }),
    ...(useDora && { use_dora: true }),
  };
}

/** The modules trained whole that PEFT would not add itself; it matches ends, so `classifier` covers `pre_classifier`. */
export const extraModules = (modules: readonly string[] = [], heads = CLASSIFICATION_HEADS): string[] =>
  modules.filter((name) => !heads.some((head) => name.endsWith(head)));
