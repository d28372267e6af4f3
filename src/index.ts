/** The public API of `lowrank`. */

export type { Message } from "./chat/conversation.ts";
export * from "./errors.ts";
export * from "./events/events.ts";
export * from "./events/reports.ts";
export type { DownloadOptions, DownloadProgress, FollowOptions } from "./formats/hub/download.ts";
export { type DownloadModelOptions, downloadModel } from "./formats/hub/resolve.ts";
export type { SamplingOptions } from "./generation/sampling.ts";
export { adapter } from "./methods/adapter.ts";
export type { MethodSpec } from "./methods/definition.ts";
export { type Ia3Options, ia3 } from "./methods/ia3.ts";
export { type LnTuningOptions, lnTuning } from "./methods/ln-tuning.ts";
export { type LoraOptions, lora } from "./methods/lora.ts";
export { full, head } from "./methods/whole.ts";
export { COMPARED, type Compared, type CompareOptions, compareRecipe } from "./node/compare/compare.ts";
export { type DemoEvent, type DemoOptions, type DemoPrediction, type DemoRow, demo } from "./node/demo.ts";
export { type Environment, environment } from "./node/environment.ts";
export { EMBEDDED_SPLITS, type EmbeddedSplit, embeddedRows, writeEmbedded } from "./provisions/provisions.ts";
export { recipeJsonSchema } from "./recipe/json-schema.ts";
export { type ResolvedRecipe, resolveRecipe } from "./recipe/resolve.ts";
export type { Recipe } from "./recipe/schema.ts";
export { type EmbedOptions, embed, type TextSource } from "./verbs/embed.ts";
export { type EvaluateOptions, evaluateRecipe } from "./verbs/evaluate.ts";
export { exportModel } from "./verbs/export/export.ts";
export { EXPORT_FORMATS, type ExportFormat, type ExportOptions, type ExportReport } from "./verbs/export/options.ts";
export { fetchModels, type ModelSource } from "./verbs/fetch-models.ts";
export { type MaskedLossOptions, maskedLoss } from "./verbs/forgetting.ts";
export { type Generated, type GenerateOptions, type GeneratorSource, TextGenerator } from "./verbs/generate.ts";
export {
  type ChosenKeys,
  draftRecipe,
  type RecipeDraft,
  startFrom,
  usualOutputDir,
  writeDraft,
} from "./verbs/init/draft.ts";
export { type FoundModel, lookAtModel } from "./verbs/init/model.ts";
export { describeRows, type FoundRows, lookAtRows, type RowsSource, type RowsUse, useOf } from "./verbs/init/rows.ts";
export { inspectRecipe } from "./verbs/inspect.ts";
export { type LoadOptions, loadModel, type Model } from "./verbs/model.ts";
export { planRecipe } from "./verbs/plan.ts";
export { type PredictOptions, predict } from "./verbs/predict.ts";
export type { TextInput } from "./verbs/predict-inputs.ts";
export { readRecipe } from "./verbs/read-recipe.ts";
export { type RunOptions, runRecipe } from "./verbs/run-recipe.ts";
export { type DataRow, type TrainOptions, train } from "./verbs/train.ts";
export { VERSION } from "./version.ts";
