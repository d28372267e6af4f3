import { RecipeError } from "../errors.ts";
import type { Checkpoint } from "../formats/transformers/checkpoint.ts";
import type { SchemeOf } from "../passes/quantize.ts";
import type { GraphSource } from "../prepared/prepared.ts";
import { FOUR_BIT_NAMES, type SchemeName } from "../quant/scheme-names.ts";
import { ggufScheme } from "../quant/schemes/gguf.ts";
import { SCHEMES, type Scheme } from "../quant/schemes/index.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { nameInCheckpoint } from "./weights.ts";

/**
 * The scheme by which frozen weights are quantized, or `undefined` for unquantized ones; only its name where the checkpoint
 * holds them quantized, each with settings of its own.
 */
export function quantizationOf(recipe: ResolvedRecipe): Scheme | SchemeName | undefined {
  if (!recipe.load_in_8bit && !recipe.load_in_4bit) return undefined;
  const { name, codec } = recipe.load_in_8bit ? SCHEMES.int8 : SCHEMES[recipe.bnb_4bit_quant_type];
  return codec.kind === "stored" ? name : codec.settings({ doubleQuant: recipe.use_bnb_nested_quant });
}

/** Name of the scheme by which weights are quantized. */
export const nameOf = (quantization: Scheme | SchemeName): SchemeName =>
  typeof quantization === "string" ? quantization : quantization.type;

/** The scheme of each weight of a model. */
export function schemesOf({ recipe, blocks }: GraphSource): Scheme | SchemeOf | undefined {
  const quantization = quantizationOf(recipe);
  return typeof quantization === "string" ? blocks : quantization;
}

/** @throws {RecipeError} when QLoRA starts from what quantization loses, and the checkpoint has lost it already. */
export function checkFullPrecision(recipe: ResolvedRecipe, { config, tensors, folder }: Checkpoint): void {
  const isQuantized = config.quantization_config || [...tensors.values()].some(({ blocks }) => blocks);
  if (recipe.init_lora_weights !== "loftq" || !quantizationOf(recipe) || !isQuantized) return;
  throw new RecipeError(
    `init_lora_weights: loftq needs the weights in full precision, and ${folder} has them quantized`,
    {
      where: "init_lora_weights",
      expected: "a checkpoint in float32, bfloat16 or float16, or another start",
      hint: "name the model that was quantized as model_name_or_path; load_in_4bit: true quantizes it again.",
    },
  );
}

/**
 * The blocks in which a file holds weights, by the names of the model's parameters.
 * @throws {RecipeError} when the recipe wants them kept, and there are none.
 */
export function blocksOf(recipe: ResolvedRecipe, checkpoint: Checkpoint, basePrefix: string): SchemeOf {
  const quantization = quantizationOf(recipe);
  if (typeof quantization === "string" && ![...checkpoint.tensors.values()].some(({ blocks }) => blocks)) {
    const others = FOUR_BIT_NAMES.filter((name) => SCHEMES[name].codec.kind === "quantizing");
    throw new RecipeError(
      `${quantization} uses the quantized blocks of a GGUF file, and ${checkpoint.folder} contains none`,
      {
        where: "bnb_4bit_quant_type",
        expected: `${others.join(", ")}, or a quantized .gguf file as the base model`,
      },
    );
  }
  return (param) => {
    const entry = checkpoint.tensors.get(nameInCheckpoint(param, { checkpoint, basePrefix }) ?? "");
    return entry?.blocks && ggufScheme(entry.blocks.format);
  };
}
