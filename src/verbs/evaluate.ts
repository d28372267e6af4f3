import { encodeSplit } from "../assemble/data.ts";
import { readSplit, splitNames, validationSplit } from "../assemble/dataset.ts";
import { openTrained, type TrainedModel } from "../assemble/open-trained.ts";
import { trainedConfig, withProblemType } from "../assemble/problem-type.ts";
import { refuseOneClass, refuseOtherTask } from "../assemble/supported-head.ts";
import { InterruptedError } from "../errors.ts";
import type { EvalResults } from "../events/events.ts";
import { type AdapterSource, namedAdapter } from "../formats/hub/model-files.ts";
import { Worst } from "../metrics/worst.ts";
import type { RowsInMemory } from "../prepared/job.ts";
import { type ResolvedRecipe, resolveRecipe } from "../recipe/resolve.ts";
import type { Recipe } from "../recipe/schema.ts";
import type { Split } from "../tasks/definition.ts";
import { taskOf } from "../tasks/index.ts";
import type { ReportRow } from "../tasks/reports/report.ts";
import { MOST_EXAMPLES } from "../training/report/evaluation.ts";
import { scoreModel } from "../training/scoring.ts";
import { writeReport } from "./evaluation-report.ts";
import { type DataRow, jobOfModel, type ModelOptions } from "./job-of.ts";
import { Model } from "./model.ts";
import { type OwnMetricsOptions, refuseOwnMetrics, withOwnMetrics } from "./own-metrics.ts";
import { onDevice } from "./trained-source.ts";

/** Options of a scoring. */
export interface ScoringOptions extends OwnMetricsOptions {
  readonly signal?: AbortSignal;
  /** Called with each thing that a reader of the figures should know. */
  readonly onWarning?: (message: string) => void;
  /**
   * Folder for a report with tables, pictures and the worst examples, whose texts it quotes: `evaluation.json` and
   * `evaluation.md`, or `base-evaluation` of a base model alone. Absent: no file is written.
   */
  readonly reportDir?: string;
  /** Called with the path of the report, once it is written. */
  readonly onReport?: (path: string) => void;
}

/** The adapter that is evaluated with a recipe's base model. */
export interface EvaluateOptions extends ScoringOptions {
  /** Folder, Hub id or files of an adapter, or of a whole fine-tuned model. */
  readonly adapter?: AdapterSource;
}

/**
 * Scores a recipe's base model, with or without an adapter, or a model as its last training left it. The test split is
 * read; without one, the validation split, or a data set that is a single file.
 *
 * @throws {LowrankError} when model, adapter or data are not usable.
 * @throws {InterruptedError} when `signal` aborts.
 * @throws {RecipeError} when `computeMetrics` returns anything but finite numbers, or the task has no predictions for it.
 */
export function evaluate(recipe: Recipe, options?: EvaluateOptions): Promise<EvalResults>;
export function evaluate(model: Model, options: ModelOptions & ScoringOptions): Promise<EvalResults>;
export async function evaluate(
  subject: Recipe | Model,
  { adapter, ...options }: EvaluateOptions & Partial<ModelOptions> = {},
): Promise<EvalResults> {
  const named = adapter === undefined ? undefined : await namedAdapter(adapter);
  try {
    return await scored(subject, { ...options, ...(named && { adapter: named.name }) });
  } finally {
    await named?.release();
  }
}

async function scored(
  subject: Recipe | Model,
  {
    signal,
    onWarning = () => {},
    reportDir,
    onReport,
    computeMetrics,
    adapter,
    ...options
  }: ScoringOptions & Partial<ModelOptions> & { readonly adapter?: string },
): Promise<EvalResults> {
  const {
    split,
    splitName,
    rows,
    opened: found,
    recipe,
    classes,
  } = subject instanceof Model
    ? await ofModel(subject, options as ModelOptions)
    : await ofRecipe(resolveRecipe(subject), adapter);
  const opened = await onDevice(found, options.device);
  const { model, weights, fresh, madeFor } = opened;
  refuseOneClass(model, classes);
  const { entries } = taskOf(model.source.recipe);
  if (computeMetrics && !entries) refuseOwnMetrics(model.source.recipe.task_type);
  const { examples, warnings } = await encodeSplit(split, model);
  for (const warning of [...opened.warnings, ...warnings]) onWarning(warning);
  if (madeFor !== undefined && madeFor !== recipe.model_name_or_path) {
    onWarning(`the adapter was made for ${madeFor}, the recipe's model is ${recipe.model_name_or_path}`);
  }
  if (fresh.length > 0)
    onWarning(`${fresh.join(", ")} are in no file and are randomly initialized, so the scores are those of chance`);
  const { labels, checkpoint } = model;
  const isBase = adapter === undefined && !(subject instanceof Model && subject.finished);
  if (isBase && fresh.length === 0 && labels.names.length > 0 && labels.source === undefined) {
    const order = labels.names.slice(0, 5).join(", ");
    onWarning(
      `config.json of ${checkpoint.folder} does not name the labels of the data, so its outputs are assumed to be, in this order: ${order}${labels.names.length > 5 ? ", …" : ""}`,
    );
  }
  const worst = reportDir === undefined ? undefined : new Worst<ReportRow>(MOST_EXAMPLES);
  try {
    const scored = await scoreModel(model, weights, examples, () => signal?.aborted === true, worst);
    if (!scored) throw new InterruptedError("stopped before the evaluation was complete.");
    const metrics =
      entries && computeMetrics
        ? await withOwnMetrics(scored.metrics, entries(scored), computeMetrics)
        : scored.metrics;
    if (worst && reportDir !== undefined) {
      const scores = { ...scored, metrics };
      const reported = { recipe, model, adapter, isBase, splitName, split, examples, rows, scores, worst };
      const path = await writeReport(reportDir, reported, onWarning);
      if (path !== undefined) onReport?.(path);
    }
    return metrics;
  } finally {
    examples.close();
  }
}

/** A model and the split that it is scored on. */
interface Subject {
  readonly recipe: ResolvedRecipe;
  readonly split: Split;
  /** The split whose labels are the classes; absent for a trained model, which has its own. */
  readonly classes?: Split | undefined;
  readonly splitName: string;
  readonly rows?: RowsInMemory | undefined;
  readonly opened: TrainedModel;
}

async function ofRecipe(recipe: ResolvedRecipe, adapter?: string, rows?: RowsInMemory): Promise<Subject> {
  if (adapter !== undefined) await refuseOtherTask(recipe.task_type, adapter);
  const names = await splitNames(recipe, rows);
  const name = await testSplit(recipe, rows);
  const settled = await withProblemType(recipe, await trainedConfig(recipe, adapter), name, rows);
  const split = await readSplit(settled, name, { limit: recipe.max_eval_samples, rows });
  const { dataset_train_split: trainSplit } = recipe;
  const labelled = async () => (names.has(trainSplit) ? readSplit(settled, trainSplit, { rows }) : split);
  const classes = adapter === undefined ? await labelled() : undefined;
  const opened = await openTrained(settled, adapter, classes);
  return { recipe: settled, split, splitName: name, rows, classes, opened };
}

async function ofModel(model: Model, options: ModelOptions): Promise<Subject> {
  const { datasetTestSplit = "test" } = options;
  const data = isList(options.data) ? { [datasetTestSplit]: options.data } : options.data;
  const { recipe, rows } = jobOfModel(model, { ...options, data });
  if (!model.finished) return ofRecipe(recipe, undefined, rows);
  const opened = await model.open();
  const { problem_type, loss_type } = opened.model.source.recipe;
  const settled = {
    ...recipe,
    ...(problem_type !== undefined && { problem_type }),
    ...(loss_type !== undefined && { loss_type }),
  };
  const splitName = await testSplit(recipe, rows);
  const split = await readSplit(settled, splitName, { limit: recipe.max_eval_samples, rows });
  return { recipe: settled, split, splitName, rows, opened };
}

const isList = (data: ModelOptions["data"]): data is readonly DataRow[] => Array.isArray(data);

/** The split that scores are taken on. */
async function testSplit(recipe: ResolvedRecipe, rows?: RowsInMemory): Promise<string> {
  const { dataset_test_split } = recipe;
  const names = await splitNames(recipe, rows);
  return (names.has(dataset_test_split) ? undefined : await validationSplit(recipe, rows)) ?? dataset_test_split;
}
