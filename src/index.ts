/** The public API of `lowrank`. */
export * from "./errors.ts";
export { recipeJsonSchema } from "./recipe/json-schema.ts";
export { type ResolvedRecipe, resolveRecipe } from "./recipe/resolve.ts";
export type { Recipe } from "./recipe/schema.ts";
export * from "./trainer/events.ts";
export { adapter, full, head, type LoraOptions, lora, type MethodSpec } from "./trainer/methods.ts";
export { type LoadOptions, loadModel, type Model } from "./trainer/model.ts";
export { readRecipe } from "./trainer/read-recipe.ts";
export { readTexts } from "./trainer/read-texts.ts";
export * from "./trainer/reports.ts";
export { type RunOptions, runRecipe } from "./trainer/run-recipe.ts";
export { type DataRow, type TrainOptions, train } from "./trainer/train.ts";
export { VERSION } from "./version.ts";
