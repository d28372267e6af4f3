/** The public API of `lowrank`. */

export type { DownloadOptions, DownloadProgress, FollowOptions } from "./checkpoint/hub/download.ts";
export { type DownloadModelOptions, downloadModel } from "./checkpoint/resolve.ts";
export type { Message } from "./data/conversation.ts";
export { EMBEDDED_SPLITS, type EmbeddedSplit, embeddedRows, writeEmbedded } from "./data/provisions/provisions.ts";
export * from "./errors.ts";
export type { SamplingOptions } from "./generation/sampling.ts";
export { recipeJsonSchema } from "./recipe/json-schema.ts";
export { type ResolvedRecipe, resolveRecipe } from "./recipe/resolve.ts";
export type { Recipe } from "./recipe/schema.ts";
export { COMPARED, type Compared, type CompareOptions, compareRecipe } from "./trainer/compare/compare.ts";
export { type DemoEvent, type DemoOptions, type DemoPrediction, type DemoRow, demo } from "./trainer/demo.ts";
export { type Environment, environment } from "./trainer/environment.ts";
export { type EvaluateOptions, evaluateRecipe } from "./trainer/evaluate.ts";
export * from "./trainer/events.ts";
export { exportModel } from "./trainer/export/export.ts";
export { EXPORT_FORMATS, type ExportFormat, type ExportOptions, type ExportReport } from "./trainer/export/options.ts";
export { fetchModels, type ModelSource } from "./trainer/fetch-models.ts";
export { type MaskedLossOptions, maskedLoss } from "./trainer/forgetting.ts";
export { type Generated, type GenerateOptions, type GeneratorSource, TextGenerator } from "./trainer/generate.ts";
export {
  type ChosenKeys,
  draftRecipe,
  type RecipeDraft,
  startFrom,
  usualOutputDir,
  writeDraft,
} from "./trainer/init/draft.ts";
export { type FoundModel, lookAtModel } from "./trainer/init/model.ts";
export { describeRows, type FoundRows, lookAtRows, type RowsSource, type RowsUse, useOf } from "./trainer/init/rows.ts";
export { inspectRecipe } from "./trainer/inspect.ts";
export { adapter, full, head, type LoraOptions, lora, type MethodSpec } from "./trainer/methods.ts";
export { type LoadOptions, loadModel, type Model } from "./trainer/model.ts";
export { planRecipe } from "./trainer/plan.ts";
export { type PredictOptions, predict } from "./trainer/predict.ts";
export type { TextInput } from "./trainer/predict-inputs.ts";
export { readRecipe } from "./trainer/read-recipe.ts";
export * from "./trainer/reports.ts";
export { type RunOptions, runRecipe } from "./trainer/run-recipe.ts";
export { type DataRow, type TrainOptions, train } from "./trainer/train.ts";
export { VERSION } from "./version.ts";
