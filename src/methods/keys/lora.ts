import { z } from "zod";
import type { MethodRecipe } from "./definition.ts";
import { count, names, text } from "./kinds.ts";

const tokenIds = () => z.array(z.int().min(0)).min(1);

/** Subspace iterations of PiSSA; three digits are more than any weight needs. */
const pissaIterations = () =>
  z.templateLiteral(["pissa_niter_", z.string().regex(/^\d{1,3}$/)]).meta({ examples: ["pissa_niter_16"] });

/** LoRA: PEFT's `LoraConfig` keys, under TRL's names where TRL has one. */
const loraKeys = {
  lora_r: count().default(16).describe("Rank of the update"),
  lora_alpha: z.number().positive().default(32).describe("Scaling is alpha / r (alpha / √r with use_rslora)"),
  lora_dropout: z.number().min(0).lt(1).default(0.05).describe("Dropout on the adapter's input only"),
  lora_target_modules: names()
    .optional()
    .describe("Ends of module paths, a regular expression, or all-linear; unset: attention query and value"),
  exclude_modules: names()
    .optional()
    .describe("Ends of the paths of modules that get no adapter, or a regular expression for whole paths"),
  lora_bias: z.enum(["none", "all", "lora_only"]).default("none").describe("Which biases are trained"),
  lora_B_bias: z.boolean().default(false).describe("Give B a bias that trains (PEFT's lora_bias)"),
  trainable_token_indices: z
    .union([tokenIds(), z.record(text(), tokenIds())])
    .optional()
    .describe("Ids of tokens whose embeddings train, of the input embedding or by module name"),
  lora_modules_to_save: names().optional().describe("Modules trained in full and saved with the adapter"),
  use_rslora: z.boolean().default(false).describe("Scale by alpha / √r instead of alpha / r (rsLoRA)"),
  use_dora: z.boolean().default(false).describe("Train magnitude and direction of each weight separately (DoRA)"),
  layers_to_transform: z
    .union([z.int().min(0), z.array(z.int().min(0)).min(1)])
    .optional()
    .describe("Only these layers get an adapter, counted from 0"),
  rank_pattern: z.record(text(), count()).optional().describe("Rank by module-path pattern; overrides lora_r"),
  alpha_pattern: z
    .record(text(), z.number().positive())
    .optional()
    .describe("Alpha by module-path pattern; overrides lora_alpha"),
  init_lora_weights: z
    .union([z.boolean(), z.enum(["gaussian", "orthogonal", "olora", "pissa", "loftq", "eva"]), pissaIterations()])
    .default(true)
    .describe(
      "true: B is zero, A is Kaiming; gaussian: A is normal; orthogonal: both random, B·A is zero; olora: QR of the weight; pissa: its SVD; pissa_niter_16: the SVD by 16 iterations, quicker; loftq: what quantization loses of it; eva: components of the inputs, and ranks by their variance; false: B is random too",
    ),
  loraplus_lr_ratio: z.number().positive().default(1).describe("Learning rate of lora_B over that of lora_A (LoRA+)"),
};

/** LoRA. */
export const loraRecipe = {
  title: "LoRA",
  tag: "lora",
  hint: "two small matrices for each target layer; little memory, a file of a few MB",
  group: "LoRA",
  keys: loraKeys,
  learningRate: 1e-3,
} as const satisfies MethodRecipe;

/** QLoRA: LoRA on a quantized base. */
export const qloraRecipe = {
  ...loraRecipe,
  title: "QLoRA (LoRA on a quantized base)",
  hint: "LoRA on a base quantized to 4 bits; least memory, slightly slower",
  quantizesBase: true,
} as const satisfies MethodRecipe;
