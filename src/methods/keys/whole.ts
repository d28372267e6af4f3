import type { MethodRecipe } from "./definition.ts";

/** Full fine-tuning. */
export const fullRecipe = {
  title: "full fine-tuning",
  hint: "every weight: most memory, and a whole model is saved",
  keys: {},
  learningRate: 5e-5,
  trainsBase: true,
} as const satisfies MethodRecipe;

/** The classification head alone. */
export const headRecipe = {
  title: "training of the head alone",
  hint: "the classifier alone: fastest, the model itself stays as it is",
  keys: {},
  learningRate: 1e-3,
  needsHead: true,
} as const satisfies MethodRecipe;
