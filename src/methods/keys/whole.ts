import type { MethodRecipe } from "./definition.ts";

/** Full fine-tuning. */
export const fullRecipe = {
  title: "full fine-tuning",
  hint: "every weight; most memory, saves a whole model",
  keys: {},
  learningRate: 5e-5,
  trainsBase: true,
} as const satisfies MethodRecipe;

/** The classification head alone. */
export const headRecipe = {
  title: "head-only training",
  hint: "the classifier only; fastest, the model itself is unchanged",
  keys: {},
  learningRate: 1e-3,
  needsHead: true,
} as const satisfies MethodRecipe;
