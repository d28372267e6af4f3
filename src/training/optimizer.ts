import { makeOptimizer } from "../optim/make.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { dequantizeBlockwise8, quantizeBlockwise8 } from "../quant/blockwise8.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";

/** The optimizer that a recipe names. Lion has its own second decay, 0.99; Adam's is not handed to it. */
export function optimizerOf({ optim, adam_beta1, adam_beta2, adam_epsilon }: ResolvedRecipe): Optimizer {
  const codec = { quantize: quantizeBlockwise8, dequantize: dequantizeBlockwise8 };
  if (optim === "lion") return makeOptimizer(optim, { codec, beta1: adam_beta1 });
  return makeOptimizer(optim, { codec, beta1: adam_beta1, beta2: adam_beta2, epsilon: adam_epsilon });
}
