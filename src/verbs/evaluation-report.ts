import { isFolder, makeFolder } from "#platform";
import { filesOfSplit, wholeSplit } from "../assemble/dataset.ts";
import { LowrankError } from "../errors.ts";
import { lastPart, shortName } from "../formats/hub/names.ts";
import type { Worst } from "../metrics/worst.ts";
import type { RowsInMemory } from "../prepared/job.ts";
import type { Prepared } from "../prepared/prepared.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { Examples, Scores, Split } from "../tasks/definition.ts";
import { taskOf } from "../tasks/index.ts";
import type { ReportRow } from "../tasks/reports/report.ts";
import { type EvaluationFacts, evaluationOf, type QuotedExample } from "../training/report/evaluation.ts";
import { type ReportStem, writeEvaluation } from "../training/report/write.ts";

/** A scored model and its data. */
export interface Reported {
  readonly recipe: ResolvedRecipe;
  readonly model: Prepared;
  readonly adapter?: string | undefined;
  readonly isBase: boolean;
  readonly splitName: string;
  readonly split: Split;
  readonly examples: Examples;
  readonly rows?: RowsInMemory | undefined;
  readonly scores: Scores;
  readonly worst: Worst<ReportRow>;
}

/**
 * Writes the report of an evaluation into a folder. Failing to is a warning: the scores are worth more than their report.
 * @returns its path; `undefined` when it was not written.
 */
export async function writeReport(
  folder: string,
  reported: Reported,
  onWarning: (message: string) => void,
): Promise<string | undefined> {
  const { model, scores, isBase } = reported;
  const { recipe } = model.source;
  const stem: ReportStem = isBase ? "base-evaluation" : "evaluation";
  try {
    await makeFolder(folder);
    const evaluation = evaluationOf(taskOf(recipe).report, scores, await factsOf(reported), await quotes(reported));
    const { path, warnings } = await writeEvaluation(folder, stem, evaluation, { method: recipe.method, scores });
    for (const warning of warnings) onWarning(warning);
    return path;
  } catch (error) {
    if (!(error instanceof LowrankError)) throw error;
    onWarning(`the report was not written: ${error.message}`);
    return undefined;
  }
}

async function factsOf({ recipe, model, adapter, splitName, rows }: Reported): Promise<EvaluationFacts> {
  const { model_name_or_path, task_type, dataset_name } = recipe;
  const { problem_type } = model.source.recipe;
  const files = rows ? [] : await filesOfSplit(recipe, await wholeSplit(recipe, splitName));
  return {
    model: shortName(model_name_or_path),
    ...(adapter !== undefined && { adapter: (await isFolder(adapter)) ? lastPart(adapter) : shortName(adapter) }),
    task_type,
    ...(problem_type !== undefined && { problem_type }),
    dataset: shortName(dataset_name),
    split: splitName,
    files: files.map(lastPart),
  };
}

/** The worst examples with the texts of their rows; an example that is no row of its own has that of its tokens. */
async function quotes({ worst, examples, split, model }: Reported): Promise<QuotedExample[]> {
  const found = worst.list.map(({ row, item }) => ({ example: examples.at(row), cells: item }));
  const texts = await split.texts(new Set(found.map(({ example }) => example.where)));
  return found.map(({ example: { where, ids }, cells }) => ({
    cells,
    where,
    text: texts.get(where) ?? model.tokenizer.decode([...ids]),
  }));
}
