/** The public API and the helpers of the command line. A command loads it when it runs. */

export * from "../../events/events.ts";
export * from "../../events/reports.ts";
export * from "../../index.ts";
export { COMPARED, type Compared } from "../../node/compare/compare.ts";
export { type DemoEvent, type DemoOptions, type DemoPrediction, type DemoRow, demo } from "../../node/demo.ts";
export { type Environment, environment } from "../../node/environment.ts";
export type { ExportFormat } from "../../verbs/export/options.ts";
export { fetchModels, type ModelSource } from "../../verbs/fetch-models.ts";
export { type FoundEvaluation, type FoundRecipe, findEvaluation, findRecipe } from "../../verbs/find-recipe.ts";
export { draftRecipe, startFrom, usualOutputDir, writeDraft } from "../../verbs/init/draft.ts";
export { type FoundModel, lookAtModel } from "../../verbs/init/model.ts";
export {
  describeRows,
  type FoundRows,
  lookAtRows,
  type RowsSource,
  type RowsUse,
  useOf,
  usualHoldOut,
} from "../../verbs/init/rows.ts";
export type { TextInput } from "../../verbs/predict-inputs.ts";
