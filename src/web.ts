/**
 * The public API in a browser. Files lie in the origin's private file system; ONNX Runtime is the build that the page
 * chooses. What needs processes (comparisons, the demo, the embedded data set, Parquet) is Node's.
 */

export type { Message } from "./chat/conversation.ts";
export * from "./errors.ts";
export * from "./events/events.ts";
export type { DownloadOptions, DownloadProgress, FollowOptions } from "./formats/hub/download.ts";
export { type DownloadModelOptions, downloadModel } from "./formats/hub/resolve.ts";
export type { SamplingOptions } from "./generation/sampling.ts";
export { type ResolvedRecipe, resolveRecipe } from "./recipe/resolve.ts";
export type { Recipe } from "./recipe/schema.ts";
export { useRuntime } from "./session/web/index.ts";
export { type EvaluateOptions, evaluate } from "./verbs/evaluate.ts";
export { exportModel } from "./verbs/export/export.ts";
export { type Generated, type GenerateOptions, type GeneratorSource, TextGenerator } from "./verbs/generate.ts";
export { inspect } from "./verbs/inspect.ts";
export { type LoadOptions, loadModel, type Model } from "./verbs/model.ts";
export { plan } from "./verbs/plan.ts";
export { type PredictOptions, predict } from "./verbs/predict.ts";
export { type RunOptions, runRecipe } from "./verbs/run-recipe.ts";
export { type DataRow, type TrainOptions, train } from "./verbs/train.ts";
export { VERSION } from "./version.ts";
