import { RecipeError } from "../errors.ts";
import type { Checkpoint } from "../formats/transformers/checkpoint.ts";
import type { QuantizationScheme } from "../ir/graph.ts";
import type { SchemeOf } from "../passes/quantize.ts";
import type { GraphSource } from "../prepared/prepared.ts";
import type { Packing } from "../quant/packing.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { nameInCheckpoint } from "./weights.ts";

/** How the frozen weights are packed, or `undefined` for as they are; `gguf`: in the blocks that their file holds. */
export function quantizationOf(recipe: ResolvedRecipe): Packing | "gguf" | undefined {
  if (recipe.load_in_8bit) return { type: "int8" };
  if (!recipe.load_in_4bit) return undefined;
  if (recipe.bnb_4bit_quant_type === "gguf") return "gguf";
  return { type: recipe.bnb_4bit_quant_type, blockSize: 64, doubleQuant: recipe.use_bnb_nested_quant };
}

/** The scheme of each weight of a model. */
export function schemesOf({ recipe, blocks }: GraphSource): QuantizationScheme | SchemeOf | undefined {
  const held = quantizationOf(recipe);
  return held === "gguf" ? blocks : held;
}

/**
 * The blocks in which a file holds weights, by the names of the model's parameters.
 * @throws {RecipeError} when the recipe wants them kept, and there are none.
 */
export function blocksOf(recipe: ResolvedRecipe, checkpoint: Checkpoint, basePrefix: string): SchemeOf {
  if (quantizationOf(recipe) === "gguf" && ![...checkpoint.tensors.values()].some(({ blocks }) => blocks)) {
    throw new RecipeError(`gguf keeps the weights in the blocks of a GGUF file, and ${checkpoint.folder} holds none`, {
      where: "bnb_4bit_quant_type",
      expected: "nf4, fp4, or a quantized .gguf file as the base model",
    });
  }
  return (param) => {
    const entry = checkpoint.tensors.get(nameInCheckpoint(param, { checkpoint, basePrefix }) ?? "");
    return entry?.blocks && { type: "gguf", ...entry.blocks.format };
  };
}
