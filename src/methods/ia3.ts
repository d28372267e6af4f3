import { z } from "zod";
import type { JsonObject } from "../formats/json/json.ts";
import { isOff } from "../formats/json/json-file.ts";
import { minimalTargets } from "../formats/peft/minimal-targets.ts";
import {
  extraModules,
  modulesToSaveJson,
  originJson,
  type PeftMethod,
  type PeftOrigin,
  parsePeftConfig,
  readPeftTensors,
  savePeft,
} from "../formats/peft/peft-adapter.ts";
import { paramOfPeftKey, peftKeyOf } from "../formats/peft/peft-keys.ts";
import { usedTargets } from "../formats/peft/used-targets.ts";
import type { StoredAdapter } from "../formats/safetensors/adapter.ts";
import type { FloatTensor } from "../formats/safetensors/tensors.ts";
import type { Architecture } from "../models/parts/architecture.ts";
import { IA3_TARGETS, type Ia3Config, ia3 as ia3Pass, isFeedforward, mergeVector, scaledModule } from "../peft/ia3.ts";
import { QUANTIZATION_KEYS } from "../recipe/quantization.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { Change, MethodDefinition, MethodSpec, TrainedAdapter } from "./definition.ts";
import { adapterHead, modulesBeside, originOf, recipePatterns, saveLabels } from "./peft-files.ts";

/** PEFT's `IA3Config` as a user gives it. */
export type Ia3Options = Partial<Ia3Config>;

/** IA³: a vector beside keys, values and feed-forward layers. Options are PEFT's, in camelCase. */
export const ia3 = ({ targetModules, feedforwardModules, modulesToSave }: Ia3Options = {}): MethodSpec => ({
  keys: {
    method: "ia3",
    ia3_target_modules: targetModules,
    ia3_feedforward_modules: feedforwardModules,
    ia3_modules_to_save: modulesToSave,
  },
});

/** Default targets by `model_type`, the feed-forward one last: PEFT's, and for the other encoders the paper's. */
const TARGETS: Readonly<Record<string, readonly string[]>> = {
  bert: ["key", "value", "output.dense"],
  roberta: ["key", "value", "output.dense"],
  "xlm-roberta": ["key", "value", "output.dense"],
  electra: ["key", "value", "output.dense"],
  "deberta-v2": ["key_proj", "value_proj", "output.dense"],
  distilbert: ["k_lin", "v_lin", "ffn.lin2"],
  llama: ["k_proj", "v_proj", "down_proj"],
  mistral: ["k_proj", "v_proj", "down_proj"],
  qwen2: ["q_proj", "v_proj", "down_proj"],
  qwen3: ["q_proj", "v_proj", "down_proj"],
  gemma2: ["q_proj", "v_proj", "down_proj"],
  gemma3_text: ["q_proj", "v_proj", "down_proj"],
  gpt_neox: ["query_key_value", "dense_4h_to_h"],
};

/** Default targets: LoRA's targets and the feed-forward output. GPT-2's are PEFT's. */
const targetsOf = ({ modelType, targetModules, adapterSites }: Architecture): readonly string[] =>
  TARGETS[modelType] ?? [...targetModules, ...Object.keys(adapterSites).slice(-1)];

function configOf(recipe: ResolvedRecipe, architecture: Architecture): Ia3Config {
  const usual = targetsOf(architecture);
  return {
    targetModules: recipe.ia3_target_modules ?? usual,
    feedforwardModules: recipe.ia3_feedforward_modules ?? usual.slice(-1),
    modulesToSave: modulesBeside(architecture, recipe.ia3_modules_to_save),
  };
}

/** IA³, in PEFT's files. */
export const ia3Method: MethodDefinition = {
  passes(recipe, architecture) {
    const chosen = recipe.ia3_feedforward_modules;
    const checked = typeof chosen === "string" ? [] : (chosen ?? []);
    return [ia3Pass(configOf(recipe, architecture), architecture.trainedHeads, checked)];
  },
  isOwn: (param) => scaledModule(param) !== undefined,
  moduleOf: scaledModule,
  modulesToSaveKey: "ia3_modules_to_save",
  format: "peft",
  weightFiles: ["adapter_model.safetensors"],
  cardKeys: ["ia3_target_modules", "ia3_feedforward_modules", ...QUANTIZATION_KEYS],
  async save(folder, what) {
    const { source, base, architecture } = what.model;
    const config = configOf(source.recipe, architecture);
    const keyed = [...what.trained].map(([param, tensor]) => [peftKeyOf(param, new Set()), tensor] as const);
    const modules = [...what.trained.keys()].flatMap((param) => scaledModule(param) ?? []);
    const params = base.params.map(({ origin }) => origin.name);
    await savePeft(folder, keyed, configJson(config, modules, params, originOf(what.model)));
    await saveLabels(folder, what);
  },
  adapterType: "IA3",
  open: async (stored) => trainedAdapter(stored),
};

/**
 * PEFT's `adapter_config.json`. Lists stand as they were given; anything else becomes one. PEFT wants each feed-forward module
 * among the targets by the same name, so where they differ the paths of the modules stand in both.
 */
function configJson(
  config: Ia3Config,
  modules: readonly string[],
  params: readonly string[],
  origin: PeftOrigin,
): JsonObject {
  const { targetModules, feedforwardModules: forward } = config;
  const targets = typeof targetModules === "string" ? minimalTargets(new Set(modules), params) : targetModules;
  const isNamed = typeof forward !== "string" && forward.every((end) => targets.includes(end));
  const ends = isNamed ? forward : modules.filter((module) => isFeedforward(module, config));
  return {
    ...originJson("IA3", origin),
    target_modules: [...new Set([...targets, ...ends])],
    feedforward_modules: ends,
    fan_in_fan_out: origin.fanInFanOut,
    modules_to_save: modulesToSaveJson(config.modulesToSave, origin.taskType),
    init_ia3_weights: true,
  };
}

const patterns = z.union([z.string(), z.array(z.string())]).nullish();
const FILES = {
  type: "IA3",
  keys: { target_modules: patterns, feedforward_modules: patterns, exclude_modules: patterns, modules_to_save: z.array(z.string()).nullish() }, // biome-ignore format: one mapping
  ignored: ["init_ia3_weights"],
  supported: "IA³ on linear layers",
} as const satisfies PeftMethod<z.ZodRawShape>;

/** Vectors, and modules saved whole; parameters of other methods are not understood. */
function understood(key: string): string | undefined {
  const param = paramOfPeftKey(key);
  if (param === undefined || scaledModule(param) !== undefined) return param;
  return /\.(ia3_l|base_layer|lora_|token_adapter\.)/.test(param) ? undefined : param;
}

async function trainedAdapter(stored: StoredAdapter): Promise<TrainedAdapter> {
  const data = parsePeftConfig(stored.config, `${stored.folder}/adapter_config.json`, FILES);
  const tensors = await readPeftTensors(
    stored,
    stored.tensors.keys(),
    understood,
    "ia3_l of linear layers, and fully saved modules",
  );
  const config = usedConfig(data, tensors);
  const extra = extraModules(config.modulesToSave);
  return {
    ...adapterHead(stored, data),
    tensors,
    decides: () => ({
      method: "ia3",
      ia3_target_modules: recipePatterns(config.targetModules),
      ia3_feedforward_modules: recipePatterns(config.feedforwardModules),
      ia3_modules_to_save: extra.length > 0 ? extra : undefined,
    }),
    selection: {
      keys: ["ia3_target_modules"],
      rules: { ...config, among: IA3_TARGETS },
      asked: ({ ia3_target_modules: targetModules = config.targetModules }) => ({
        ...config,
        targetModules,
        among: IA3_TARGETS,
      }),
    },
    changes: () => new Map([...tensors].flatMap(([param, tensor]) => changesOf(param, tensor))),
  };
}

/** Selection of a configuration, according to the vectors: their shapes tell which layers are feed-forward ones. */
function usedConfig(
  data: z.output<z.ZodObject<typeof FILES.keys>>,
  tensors: ReadonlyMap<string, FloatTensor>,
): Required<Ia3Config> {
  const vectors = [...tensors].flatMap(([param, { shape }]) => {
    const module = scaledModule(param);
    return module === undefined ? [] : [{ module, scalesInput: shape[0] === 1 }];
  });
  const modules = vectors.map(({ module }) => module);
  const given = data.feedforward_modules ?? [];
  const agrees = vectors.every(
    ({ module, scalesInput }) => isFeedforward(module, { feedforwardModules: given }) === scalesInput,
  );
  const forward = vectors.filter(({ scalesInput }) => scalesInput).map(({ module }) => module);
  return {
    targetModules: usedTargets(isOff(data.exclude_modules) ? (data.target_modules ?? undefined) : undefined, modules),
    feedforwardModules: agrees ? given : forward,
    modulesToSave: data.modules_to_save ?? [],
  };
}

/** The vector of an output scales rows of the weight, and the bias; that of an input scales columns. */
function changesOf(param: string, tensor: FloatTensor): [string, Change][] {
  const module = scaledModule(param);
  if (module === undefined) return [[param, { whole: tensor }]];
  const { data: l, shape } = tensor;
  const [scalesInput, weight] = [shape[0] === 1, `${module}.weight`];
  const merge = (w: Float32Array): void => mergeVector(w, l, scalesInput);
  if (scalesInput) return [[weight, { update: { shape: ["any", l.length], merge } }]];
  return [
    [weight, { update: { shape: [l.length, "any"], merge } }],
    [`${module}.bias`, { update: { shape: [l.length], merge, optional: true } }],
  ];
}
