import { writeTextAtomic } from "#platform";
import { CheckpointError } from "../errors.ts";
import type {
  ClassScoresOfRow,
  LanguageScoresOfRow,
  RetrievalScoresOfRow,
  ValueScoresOfRow,
} from "../events/reports.ts";
import { type JsonObject, readJsonObject } from "../formats/json/json.ts";
import { bootstrapIntervals } from "../metrics/bootstrap.ts";
import { classificationReport } from "../metrics/classification.ts";
import { multiLabelReport } from "../metrics/multi-label.ts";
import { perplexity } from "../metrics/perplexity.ts";
import { regressionReport } from "../metrics/regression.ts";
import type { Random } from "../random.ts";
import type { Scores } from "../tasks/definition.ts";

/** The file beside `eval_results.json` that says what was predicted. */
export const PREDICTIONS = "eval_predictions.json";

/**
 * Writes what was predicted, in the order of the data, as columns. Of a classifier `examples`, `labels`,
 * `predictions` and `confidences`, the probabilities of what was predicted, one entry a label position; of a language model `losses`, `tokens` and `correct`, one an example; of search `ndcg` and
 * `reciprocal_ranks`, one a query.
 */
export async function writePredictions(folder: string, columns: Scores["predictions"]): Promise<void> {
  await writeTextAtomic(`${folder}/${PREDICTIONS}`, `${JSON.stringify(columns)}\n`);
}

/** The scores of a row of a comparison that are read off what was predicted. */
type Scored = ClassScoresOfRow | LanguageScoresOfRow | RetrievalScoresOfRow | ValueScoresOfRow;

/**
 * The scores of what {@link writePredictions} wrote, with 95 % bootstrap intervals over test examples. Where words are labelled an
 * example is drawn with all its tokens.
 */
export async function scoresWithIntervals(folder: string, random: Random): Promise<Scored> {
  const path = `${folder}/${PREDICTIONS}`;
  const file = await readJsonObject(path);
  if ("ndcg" in file) return retrievalScores(file, path, random);
  if (Array.isArray(list(file, "labels", path, [])[0])) return labelListScores(file, path, random);
  if (!("classes" in file || "losses" in file)) return valueScores(file, path, random);
  return "losses" in file ? languageScores(file, path, random) : classScores(file, path, random);
}

function classScores(file: JsonObject, path: string, random: Random): ClassScoresOfRow {
  const [classes, examples, labels, predictions] = ["classes", "examples", "labels", "predictions"].map((key) =>
    list(file, key, path),
  ) as [string[], number[], number[], number[]];
  const positions = new Map<number, number[]>();
  for (const [at, example] of examples.entries()) positions.set(example, [...(positions.get(example) ?? []), at]);
  const groups = [...positions.values()];
  const measure = (rows: ArrayLike<number>): { microF1: number; macroF1: number } => {
    const drawn = Array.from(rows, (row) => groups[row] as number[]).flat();
    const pick = (of: readonly number[]): Int32Array => Int32Array.from(drawn, (at) => of[at] as number);
    const { microF1, macroF1 } = classificationReport(pick(labels), pick(predictions), classes);
    return { microF1, macroF1 };
  };
  const { microF1, macroF1 } = bootstrapIntervals(groups.length, measure, { random });
  const all = measure([...groups.keys()]);
  return { ...all, microF1Interval: microF1, macroF1Interval: macroF1 };
}

/** Scores of texts that may have any number of labels. */
function labelListScores(file: JsonObject, path: string, random: Random): ClassScoresOfRow {
  const [classes, labels, predictions] = ["classes", "labels", "predictions"].map((key) => list(file, key, path)) as [
    string[],
    number[][],
    number[][],
  ];
  const measure = (rows: ArrayLike<number>): { microF1: number; macroF1: number } => {
    const pick = (of: readonly number[][]): number[][] => Array.from(rows, (row) => of[row] as number[]);
    const { microF1, macroF1 } = multiLabelReport(pick(labels), pick(predictions), classes);
    return { microF1, macroF1 };
  };
  const { microF1, macroF1 } = bootstrapIntervals(labels.length, measure, { random });
  return { ...measure([...labels.keys()]), microF1Interval: microF1, macroF1Interval: macroF1 };
}

function valueScores(file: JsonObject, path: string, random: Random): ValueScoresOfRow {
  const [labels, predictions] = ["labels", "predictions"].map((key) => list(file, key, path)) as [number[], number[]];
  const measure = (rows: ArrayLike<number>): { pearson: number; spearman: number } => {
    const pick = (of: readonly number[]): number[] => Array.from(rows, (row) => of[row] as number);
    const { pearson, spearman } = regressionReport(pick(labels), pick(predictions));
    return { pearson, spearman };
  };
  const { pearson, spearman } = bootstrapIntervals(labels.length, measure, { random });
  return { ...measure([...labels.keys()]), pearsonInterval: pearson, spearmanInterval: spearman };
}

function retrievalScores(file: JsonObject, path: string, random: Random): RetrievalScoresOfRow {
  const [all, ranks] = ["ndcg", "reciprocal_ranks"].map((key) => list(file, key, path)) as [number[], number[]];
  const measure = (rows: ArrayLike<number>): { ndcg: number; mrr: number } => {
    const queries = Array.from(rows);
    const mean = (of: readonly number[]): number =>
      queries.reduce((sum, query) => sum + (of[query] as number), 0) / queries.length;
    return { ndcg: mean(all), mrr: mean(ranks) };
  };
  const { ndcg, mrr } = bootstrapIntervals(all.length, measure, { random });
  return { ...measure([...all.keys()]), ndcgInterval: ndcg, mrrInterval: mrr };
}

function languageScores(file: JsonObject, path: string, random: Random): LanguageScoresOfRow {
  const [losses, tokens, correct] = ["losses", "tokens", "correct"].map((key) => list(file, key, path)) as [
    number[],
    number[],
    number[],
  ];
  const measure = (rows: ArrayLike<number>): { exactMatch: number; perplexity: number } => {
    const drawn = Array.from(rows);
    const sum = (of: (row: number) => number): number => drawn.reduce((total, row) => total + of(row), 0);
    return {
      exactMatch: sum((row) => (correct[row] === tokens[row] ? 1 : 0)) / drawn.length,
      perplexity: perplexity(
        sum((row) => losses[row] as number),
        sum((row) => tokens[row] as number),
      ),
    };
  };
  const intervals = bootstrapIntervals(losses.length, measure, { random });
  return {
    ...measure([...losses.keys()]),
    exactMatchInterval: intervals.exactMatch,
    perplexityInterval: intervals.perplexity,
  };
}

function list(file: JsonObject, key: string, path: string, otherwise?: unknown[]): unknown[] {
  const value = file[key] ?? otherwise;
  if (Array.isArray(value)) return value;
  throw new CheckpointError(`${path} has no list ${key}`, { where: path, expected: `a list of ${key}` });
}
