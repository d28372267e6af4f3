import { configWithoutStart, trainedHalf, withoutStart } from "../formats/peft/converted.ts";
import { BASE_LAYER, isBaseLayer, isInputEmbedding, savedWhole } from "../formats/peft/embeddings.ts";
import { adapterChanges, type LoraChange } from "../formats/peft/lora-changes.ts";
import { extraModules } from "../formats/peft/peft-adapter.ts";
import { adaptedModules } from "../formats/peft/peft-keys.ts";
import { type LoraAdapter, loraOf, readLora } from "../formats/peft/read-lora.ts";
import { saveLora } from "../formats/peft/save-lora.ts";
import type { FloatTensor } from "../formats/safetensors/tensors.ts";
import type { Architecture } from "../models/parts/architecture.ts";
import { type LoraConfig, lora as loraPass, siteOf } from "../peft/lora.ts";
import { type LoraPart, loraPart } from "../peft/lora-parts.ts";
import { changesBase, isComputed, notThere, unquantizedBase } from "../peft/lora-starts.ts";
import type { TokenIndices } from "../peft/lora-tokens.ts";
import { mergeBias, mergeRows, mergeWeight } from "../peft/lora-update.ts";
import { QUANTIZATION_KEYS } from "../recipe/quantization.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { AdapterInputs, Change, MethodDefinition, MethodSpec, Savable, TrainedAdapter } from "./definition.ts";
import { modulesBeside, originOf, recipePatterns, saveLabels } from "./peft-files.ts";

/** Recipe key of each option. */
const KEYS = {
  r: "lora_r",
  loraAlpha: "lora_alpha",
  targetModules: "lora_target_modules",
  excludeModules: "exclude_modules",
  loraDropout: "lora_dropout",
  bias: "lora_bias",
  loraBias: "lora_B_bias",
  trainableTokenIndices: "trainable_token_indices",
  modulesToSave: "lora_modules_to_save",
  useRslora: "use_rslora",
  useDora: "use_dora",
  layersToTransform: "layers_to_transform",
  rankPattern: "rank_pattern",
  alphaPattern: "alpha_pattern",
  initLoraWeights: "init_lora_weights",
} as const satisfies Record<keyof LoraConfig, keyof ResolvedRecipe>;
const OPTIONS = Object.keys(KEYS) as (keyof LoraConfig)[];

/** PEFT's `LoraConfig` as a user gives it: everything has PEFT's or the recipe's default. */
export type LoraOptions = Partial<LoraConfig>;

/** LoRA: low-rank updates beside frozen weights. Options are PEFT's, in camelCase. */
export const lora = (options: LoraOptions = {}): MethodSpec => ({
  keys: { method: "lora", ...Object.fromEntries(OPTIONS.map((option) => [KEYS[option], options[option]])) },
});

/** The LoRA keys of a recipe as PEFT's configuration; heads train beside a classification adapter. */
function loraConfigOf(recipe: ResolvedRecipe, architecture: Architecture): LoraConfig {
  const given = OPTIONS.flatMap((option) =>
    recipe[KEYS[option]] === undefined ? [] : [[option, recipe[KEYS[option]]] as const],
  );
  const layers = recipe.layers_to_transform;
  return {
    targetModules: architecture.targetModules,
    ...(Object.fromEntries(given) as Pick<LoraConfig, "r" | "loraAlpha">),
    modulesToSave: modulesBeside(architecture, recipe.lora_modules_to_save),
    ...(layers !== undefined && { layersToTransform: [layers].flat() }),
  };
}

/** True for the parts that the scaling multiplies. */
const isScaled = (part: LoraPart["part"] | undefined): boolean =>
  part === "B" || part === "bias" || part === "embeddingB";

/** True for the parts that LoRA+ gives a learning rate of their own; embeddings are not among them, as in PEFT. */
const isFast = (part: LoraPart["part"] | undefined): boolean => part === "B" || part === "bias";

/** Scaling goes into B, and each module has its own name for its rank. */
const inputs: AdapterInputs = {
  recipe: (recipe) => ({
    ...recipe,
    lora_alpha: recipe.lora_r,
    alpha_pattern: recipe.rank_pattern,
    use_rslora: false,
  }),
  data(param, data, recipe, architecture) {
    const { module, part } = loraPart(param) ?? {};
    if (module === undefined || !isScaled(part)) return data;
    const { scaling } = siteOf(loraConfigOf(recipe, architecture), module);
    return data.map((x) => scaling * x);
  },
  shape(param, [rows, columns, ...more]) {
    const { module, part } = loraPart(param) ?? {};
    const [isA, isB] = [part === "A" || part === "embeddingA", part === "B" || part === "embeddingB"];
    const shape = [isA ? `${module}.r` : rows, isB ? `${module}.r` : columns];
    return [...shape.filter((dim) => dim !== undefined), ...more];
  },
};

/** LoRA, and QLoRA: the same on packed weights. */
export const loraMethod: MethodDefinition = {
  passes(recipe, architecture) {
    const config = loraConfigOf(recipe, architecture);
    const isQuantized = recipe.load_in_4bit || recipe.load_in_8bit;
    const isHeldOtherwise = isQuantized || recipe.dtype !== "float32";
    if (changesBase(config) && isHeldOtherwise) throw notThere(config, "a base that is quantized or in half precision");
    if (config.initLoraWeights === "loftq" && !isQuantized) throw unquantizedBase();
    return [loraPass(config, architecture.trainedHeads)];
  },
  isOwn: (param) => /\.(lora_|token_adapter\.)/.test(param),
  moduleOf: (param) => loraPart(param)?.module,
  modulesToSaveKey: "lora_modules_to_save",
  learningRateScale: (param, recipe) => (isFast(loraPart(param)?.part) ? recipe.loraplus_lr_ratio : undefined),
  format: "peft",
  weightFiles: ["adapter_model.safetensors"],
  cardKeys: [
    "lora_r",
    "lora_alpha",
    "lora_dropout",
    "lora_target_modules",
    "exclude_modules",
    "lora_bias",
    "lora_B_bias",
    "trainable_token_indices",
    "use_rslora",
    "use_dora",
    "loraplus_lr_ratio",
    ...QUANTIZATION_KEYS,
  ],
  async save(folder, what) {
    const { source, base, architecture } = what.model;
    const params = base.params.map(({ origin }) => origin.name);
    const config = loraConfigOf(source.recipe, architecture);
    const whole = await wholeEmbeddings(config, what);
    const changed = changesBase(config);
    const trained = changed ? withoutStart(what.trained, await startsOf(what)) : what.trained;
    const tensors = new Map([...trained, ...whole]);
    const saved = changed ? configWithoutStart(config) : withoutComputing(config);
    await saveLora(folder, { tensors, config: saved, params, ...originOf(what.model) });
    await saveLabels(folder, what);
  },
  adapterType: "LORA",
  open: async (stored) => trainedAdapter(await loraOf(stored)),
  async read(folder, { init_lora_weights: initLoraWeights }) {
    const tensors = [...(await readLora(folder)).tensors].filter(([param]) => !isBaseLayer(param));
    if (changesBase({ initLoraWeights })) return trainedHalf(new Map(tensors));
    return new Map(tensors.map(([param, { data }]) => [param, data]));
  },
  inputs,
};

/** The weights of the base that PEFT saves beside the adapters of embedding and output layer. */
async function wholeEmbeddings(
  config: LoraConfig,
  { model: { base }, trained, whole }: Savable,
): Promise<[param: string, tensor: FloatTensor][]> {
  if (config.trainableTokenIndices) return [];
  const modules = savedWhole(config.targetModules, adaptedModules(trained.keys()));
  const params = base.params.map(({ origin }) => origin.name);
  const sourceOf = (module: string): string =>
    params.find((param) => param === `${module}.weight`) ?? (params.find(isInputEmbedding) as string); // shared
  const weights = modules.length > 0 ? await whole(new Set(modules.map(sourceOf))) : new Map();
  return modules.map((module) => {
    const { shape, data } = weights.get(sourceOf(module)) as FloatTensor;
    return [`${module}${BASE_LAYER}`, { shape, data }];
  });
}

/** PEFT would compute a start again where it loads the adapter. */
const withoutComputing = (config: LoraConfig): LoraConfig =>
  isComputed(config) ? { ...config, initLoraWeights: true } : config;

/** A and B as they started, by the names of the trained ones. */
async function startsOf({ trained, whole }: Savable): Promise<Map<string, FloatTensor>> {
  const startName = (param: string): string => param.replace(/lora_([AB])\.weight$/, "lora_start.$1");
  const adapted = [...trained.keys()].filter((param) => startName(param) !== param);
  const weights = await whole(new Set(adapted.map(startName)));
  return new Map(
    adapted.map((param) => {
      const { shape, data } = weights.get(startName(param)) as FloatTensor;
      return [param, { shape, data }];
    }),
  );
}

const changeOf = ({ whole, update, offset, rows }: LoraChange): Change => ({
  ...(whole && { whole }),
  ...(update && {
    update: {
      shape: [update.b.length / update.r, update.a.length / update.r],
      merge: (w) => mergeWeight(w, update),
    },
  }),
  ...(rows && {
    update: {
      shape: ["any", rows.data.length / rows.ids.length],
      keepsTie: true,
      merge: (w) => mergeRows(w, rows.data, rows.ids),
    },
  }),
  ...(offset && {
    update: {
      shape: [offset.length],
      merge: (b) => mergeBias(b, offset),
      hint: "a bias of B can be merged only into a layer that has a bias; use the adapter beside its base.",
    },
  }),
});

/** Tokens that train, as a recipe holds them. */
function tokensOf({ trainableTokenIndices: tokens }: LoraConfig): ResolvedRecipe["trainable_token_indices"] {
  if (!tokens) return undefined;
  if (isList(tokens)) return [...tokens];
  return Object.fromEntries(Object.entries(tokens).map(([module, ids]) => [module, [...ids]]));
}

const isList = (tokens: TokenIndices): tokens is readonly number[] => Array.isArray(tokens);

/** A LoRA adapter in the words of recipe and model. Its dropout gives way to one that the recipe sets. */
function trainedAdapter(adapter: LoraAdapter): TrainedAdapter {
  const { config } = adapter;
  const { targetModules, layersToTransform, modulesToSave = [] } = config;
  const extra = extraModules(modulesToSave);
  return {
    ...adapter,
    decides: ({ method, lora_dropout, init_lora_weights }, given) => ({
      method: method === "qlora" ? method : "lora",
      lora_r: config.r,
      lora_alpha: config.loraAlpha,
      lora_dropout: given.has("lora_dropout") ? lora_dropout : (config.loraDropout ?? 0),
      lora_target_modules: recipePatterns(targetModules),
      exclude_modules: undefined, // the targets say it already
      lora_bias: config.bias ?? "none",
      lora_B_bias: config.loraBias ?? false,
      trainable_token_indices: tokensOf(config),
      lora_modules_to_save: extra.length > 0 ? extra : undefined,
      use_rslora: config.useRslora ?? false,
      use_dora: config.useDora ?? false,
      layers_to_transform: layersToTransform && [...layersToTransform],
      rank_pattern: { ...config.rankPattern },
      alpha_pattern: { ...config.alphaPattern },
      init_lora_weights: isComputed({ initLoraWeights: init_lora_weights }) ? true : init_lora_weights,
    }),
    selection: {
      keys: ["lora_target_modules", "exclude_modules", "layers_to_transform"],
      rules: config,
      asked(recipe, given) {
        const own = (given.has("lora_target_modules") && recipe.lora_target_modules) || targetModules;
        const layers = given.has("layers_to_transform") ? [recipe.layers_to_transform ?? []].flat() : layersToTransform;
        const listed = layers && layers.length > 0 && typeof own !== "string";
        const { exclude_modules: excludeModules } = recipe;
        return {
          ...{ targetModules: own, modulesToSave },
          ...(listed && { layersToTransform: layers }),
          ...(given.has("exclude_modules") && excludeModules !== undefined && { excludeModules }),
        };
      },
    },
    changes: () => new Map([...adapterChanges(adapter)].map(([param, change]) => [param, changeOf(change)])),
  };
}
