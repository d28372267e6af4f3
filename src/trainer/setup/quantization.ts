import type { QuantizationScheme } from "../../ir/graph.ts";
import type { ResolvedRecipe } from "../../recipe/resolve.ts";

/** How the frozen weights are held, or `undefined` for as they are. */
export function quantizationOf(recipe: ResolvedRecipe): QuantizationScheme | undefined {
  if (recipe.load_in_8bit) return { type: "int8" };
  if (!recipe.load_in_4bit) return undefined;
  return { type: recipe.bnb_4bit_quant_type, blockSize: 64, doubleQuant: recipe.use_bnb_nested_quant };
}
