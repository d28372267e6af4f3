/** The part of the public API that Node and a browser share. */

export type { Message } from "./chat/conversation.ts";
export {
  AdapterError,
  ArchitectureError,
  CheckpointError,
  DataError,
  DivergedError,
  EngineError,
  FileError,
  InterruptedError,
  LowrankError,
  NoTargetError,
  OutOfMemoryError,
  RecipeError,
  TokenizerError,
} from "./errors.ts";
export type { EvalResults, StepEvent, TrainEvent, TrainResults } from "./events/events.ts";
export type { Inspection, Plan, Prediction } from "./events/reports.ts";
export type { DownloadProgress } from "./formats/hub/download.ts";
export type { AdapterSource, ModelFiles } from "./formats/hub/model-files.ts";
export { type DownloadModelOptions, downloadModel } from "./formats/hub/resolve.ts";
export { adapter } from "./methods/adapter.ts";
export { type Ia3Options, ia3 } from "./methods/ia3.ts";
export { type LnTuningOptions, lnTuning } from "./methods/ln-tuning.ts";
export { type LoraOptions, lora } from "./methods/lora.ts";
export { full, head } from "./methods/whole.ts";
export { recipeJsonSchema } from "./recipe/json-schema.ts";
export type { Recipe } from "./recipe/schema.ts";
export { type ClassifiedText, Classifier, type TaggedText, Tagger } from "./service/classifier.ts";
export { Embedder, type EmbedderSource } from "./service/embedder.ts";
export type { CallOptions, ServiceSource } from "./service/text-service.ts";
export type { EvalPrediction } from "./tasks/reports/entries.ts";
export { type EmbedOptions, embed, type TextSource } from "./verbs/embed.ts";
export { type EvaluateOptions, evaluate } from "./verbs/evaluate.ts";
export { exportModel } from "./verbs/export/export.ts";
export type { ExportOptions, ExportReport } from "./verbs/export/options.ts";
export { type Generated, type GenerateOptions, type GeneratorSource, TextGenerator } from "./verbs/generate.ts";
export { type FoundRows, lookAtRows, type RowsSource, type RowsUse } from "./verbs/init/rows.ts";
export { inspect } from "./verbs/inspect.ts";
export { type LoadOptions, loadModel, type Model } from "./verbs/model.ts";
export type { OwnMetrics } from "./verbs/own-metrics.ts";
export { type PlanOptions, plan } from "./verbs/plan.ts";
export { type PredictOptions, predict } from "./verbs/predict.ts";
export { readRecipe } from "./verbs/read-recipe.ts";
export { type TrainOptions, train } from "./verbs/train.ts";
export { VERSION } from "./version.ts";
