import { z } from "zod";
import { isOff } from "../formats/json/json-file.ts";
import { minimalTargets } from "../formats/peft/minimal-targets.ts";
import {
  extraModules,
  modulesToSaveJson,
  originJson,
  type PeftMethod,
  parsePeftConfig,
  readPeftTensors,
  savePeft,
} from "../formats/peft/peft-adapter.ts";
import { paramOfPeftKey, peftKeyOf } from "../formats/peft/peft-keys.ts";
import { usedTargets } from "../formats/peft/used-targets.ts";
import type { StoredAdapter } from "../formats/safetensors/adapter.ts";
import type { Architecture } from "../models/parts/architecture.ts";
import { type LnTuningConfig, lnTuning as lnTuningPass, NORM_TARGETS, normNames } from "../peft/ln-tuning.ts";
import { isUnder } from "../peft/targets.ts";
import { QUANTIZATION_KEYS } from "../recipe/quantization.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { MethodDefinition, MethodSpec, TrainedAdapter } from "./definition.ts";
import { adapterHead, modulesBeside, originOf, recipePatterns, saveLabels } from "./peft-files.ts";

/** PEFT's `LNTuningConfig` as a user gives it. */
export type LnTuningOptions = Partial<LnTuningConfig>;

/** LN tuning: the norms train. Options are PEFT's, in camelCase. */
export const lnTuning = ({ targetModules, modulesToSave }: LnTuningOptions = {}): MethodSpec => ({
  keys: {
    method: "ln_tuning",
    ln_tuning_target_modules: targetModules,
    ln_tuning_modules_to_save: modulesToSave,
  },
});

const BEFORE_EACH = ["input_layernorm", "post_attention_layernorm", "norm"];
const AROUND_EACH = [...BEFORE_EACH, "pre_feedforward_layernorm", "post_feedforward_layernorm"];

/** PEFT's default targets by `model_type`; of the other families every norm. */
const TARGETS: Readonly<Record<string, readonly string[]>> = {
  llama: BEFORE_EACH,
  mistral: BEFORE_EACH,
  gemma2: AROUND_EACH,
  gemma3_text: AROUND_EACH,
  qwen2: ["post_attention_layernorm"],
  qwen3: ["post_attention_layernorm"],
  gpt2: ["ln_1", "ln_2", "ln_f"],
};

function configOf(recipe: ResolvedRecipe, architecture: Architecture): LnTuningConfig {
  const targetModules = recipe.ln_tuning_target_modules ?? TARGETS[architecture.modelType];
  const modulesToSave = modulesBeside(architecture, recipe.ln_tuning_modules_to_save);
  return { modulesToSave, ...(targetModules !== undefined && { targetModules }) };
}

/** LN tuning, in PEFT's files. */
export const lnTuningMethod: MethodDefinition = {
  passes: (recipe, architecture) => [lnTuningPass(configOf(recipe, architecture), architecture.trainedHeads)],
  isOwn: () => false,
  adaptsBase: true,
  modulesToSaveKey: "ln_tuning_modules_to_save",
  format: "peft",
  weightFiles: ["adapter_model.safetensors"],
  cardKeys: ["ln_tuning_target_modules", ...QUANTIZATION_KEYS],
  async save(folder, what) {
    const { source, base, architecture } = what.model;
    const { modulesToSave = [], targetModules = normNames(base) } = configOf(source.recipe, architecture);
    const isNorm = (param: string): boolean => !isUnder(param, modulesToSave);
    const keyed = [...what.trained].map(([param, tensor]) => [keyOf(param, isNorm(param)), tensor] as const);
    const norms = [...what.trained.keys()].filter(isNorm).map(moduleOf);
    const params = base.params.map(({ origin }) => origin.name);
    const origin = originOf(what.model);
    await savePeft(folder, keyed, {
      ...originJson(FILES.type, origin),
      target_modules: typeof targetModules === "string" ? minimalTargets(new Set(norms), params) : targetModules,
      modules_to_save: modulesToSaveJson(modulesToSave, origin.taskType),
    });
    await saveLabels(folder, what);
  },
  adapterType: "LN_TUNING",
  open: trainedAdapter,
};

const moduleOf = (param: string): string => param.slice(0, param.lastIndexOf("."));

/** The segment of PEFT's keys that marks the copy of a norm. */
const COPY = "ln_tuning_layers";

const keyOf = (param: string, isNorm: boolean): string =>
  peftKeyOf(isNorm ? param.replace(/\.([^.]+)$/, `.${COPY}.$1`) : param, new Set());

/** Norms, and fully saved modules; parameters of other methods are not understood. */
function understood(key: string): string | undefined {
  const param = paramOfPeftKey(key)?.replace(`.${COPY}.`, ".");
  return param === undefined || /\.(ln_tuning_|base_layer\.|ia3_|lora_|token_adapter\.)/.test(param)
    ? undefined
    : param;
}

const patterns = z.union([z.string(), z.array(z.string())]).nullish();
const FILES = {
  type: "LN_TUNING",
  keys: { target_modules: patterns, exclude_modules: patterns, modules_to_save: z.union([z.string(), z.array(z.string())]).nullish() }, // biome-ignore format: one mapping
  ignored: [],
  supported: "LN tuning of norms",
} as const satisfies PeftMethod<z.ZodRawShape>;

async function trainedAdapter(stored: StoredAdapter): Promise<TrainedAdapter> {
  const data = parsePeftConfig(stored.config, `${stored.folder}/adapter_config.json`, FILES);
  const expected = "ln_tuning_layers of norms, and fully saved modules";
  const keys = [...stored.tensors.keys()];
  const tensors = await readPeftTensors(stored, keys, understood, expected);
  const norms = keys.filter((key) => key.includes(`.${COPY}.`)).map((key) => moduleOf(understood(key) ?? ""));
  const named = isOff(data.exclude_modules) ? (data.target_modules ?? undefined) : undefined;
  const targetModules = usedTargets(named, [...new Set(norms)]);
  const modulesToSave = [data.modules_to_save ?? []].flat();
  const extra = extraModules(modulesToSave);
  return {
    ...adapterHead(stored, data),
    tensors,
    decides: () => ({
      method: "ln_tuning",
      ln_tuning_target_modules: recipePatterns(targetModules),
      ln_tuning_modules_to_save: extra.length > 0 ? extra : undefined,
    }),
    selection: {
      keys: ["ln_tuning_target_modules"],
      rules: { targetModules, modulesToSave, among: NORM_TARGETS },
      asked: (recipe) => ({
        targetModules: recipe.ln_tuning_target_modules ?? targetModules,
        ...{ modulesToSave, among: NORM_TARGETS },
      }),
    },
    changes: () => new Map([...tensors].map(([param, whole]) => [param, { whole }])),
  };
}
