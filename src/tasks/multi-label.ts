import { DataError } from "../errors.ts";
import type { LabelsScore } from "../events/reports.ts";
import { columnsOf as columnsIn, guessWholeText } from "../examples/guess-columns.ts";
import { LABEL_LISTS, type LabelsRow, labelsRow, targetsOf } from "../examples/label-lists.ts";
import type { TargetExample } from "../examples/targets.ts";
import { bestThreshold, DEFAULT_THRESHOLD, multiLabelReport } from "../metrics/multi-label.ts";
import { binaryCrossEntropy } from "../ops/nn/binary-cross-entropy.ts";
import { columnsOf } from "./classifier.ts";
import type { Asked, Examples, ScoreOptions, Scores, TaskDefinition } from "./definition.ts";
import { targetLoss } from "./loss.ts";
import { entriesOf } from "./reports/entries.ts";
import { labelsReport } from "./reports/label-tables.ts";
import { runs } from "./runs.ts";
import { targetSplit } from "./target-split.ts";

/** Any number of classes for each text: `problem_type: multi_label_classification`. */
export const multiLabelClassification: TaskDefinition = {
  fits: (labels) => labels.length > 0 && labels.every(Array.isArray),
  uses(rows, given) {
    const text_column = guessWholeText(rows, given);
    const names = given.labelColumn === undefined ? LABEL_LISTS : [given.labelColumn];
    const isList = (name: string): boolean => rows.every(({ values }) => Array.isArray(values[name]));
    const label_column = columnsIn(rows).find((name) => (names as readonly string[]).includes(name) && isList(name));
    if (text_column === undefined || label_column === undefined) return [];
    const keys = { text_column, label_column };
    return [{ certainty: "labels", keys, about: "texts with any number of labels", start: "text-classification.yaml" }];
  },
  labelsOf(row, recipe) {
    const { labels, kind } = labelsRow(row, columnsOf(recipe));
    return kind === "vector" ? [] : labels; // a vector is about every class
  },
  async split(rows, recipe) {
    let classCount: number | undefined;
    const split = await targetSplit<LabelsRow>(rows, {
      pick(row) {
        const picked = labelsRow(row, columnsOf(recipe));
        if (picked.kind === "vector") classCount ??= picked.labels.length;
        return picked;
      },
      labels: ({ labels, kind }) => (kind === "vector" ? labels.keys() : labels),
      labelColumns: [recipe.label_column, ...LABEL_LISTS],
      targets: (row, { labels }) => targetsOf(row, classCount !== undefined && row.kind !== "list", labels),
    });
    if (split.labels.length > 0) return classCount === undefined ? split : { ...split, classCount };
    throw new DataError("no row has a label", {
      expected: "a list of labels, which may be empty in some rows but not in all",
      hint: "set label_column to the column to read.",
    });
  },
  loss: (graph) => targetLoss(graph, binaryCrossEntropy),
  scoringGraph: (graph) => graph,
  score: multiLabelScores,
  entries: entriesOf,
  report: labelsReport,
  choosesThreshold: true,
  metrics: [
    ...["eval_loss", "eval_samples", "eval_accuracy", "eval_threshold"],
    ...["micro", "macro", "weighted", "samples"].map((mean) => `eval_${mean}_f1`),
  ],
  lowerIsBetter: ["eval_loss"],
  prediction(logits, { classes, threshold = DEFAULT_THRESHOLD }): LabelsScore {
    const scores = Array.from(logits, (logit, at) => ({ label: classes[at] as string, score: sigmoid(logit) }));
    return {
      labels: scores.filter(({ score }) => score >= threshold).sort((a, b) => b.score - a.score),
      probabilities: Object.fromEntries(scores.map(({ label, score }) => [label, score])),
    };
  },
  labelText: (example, names) => names.filter((_, at) => (example as TargetExample).targets[at] === 1).join(", "),
};

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** `max(x, 0) − x · t + log(1 + e^−|x|)`, in float64. */
const elementLoss = (x: number, t: number): number => Math.max(x, 0) - x * t + Math.log1p(Math.exp(-Math.abs(x)));

/** Scores a model at its threshold, or without one at the best for these examples; `undefined` when it was stopped. */
async function multiLabelScores(
  model: Asked,
  examples: Examples,
  { batchSize, classes, threshold: given, stop, worst }: ScoreOptions,
): Promise<Scores | undefined> {
  const logits: Float32Array[] = Array(examples.length);
  const targets: Float32Array[] = Array(examples.length);
  for await (const { rows, outputs } of runs(model, examples, batchSize, stop)) {
    const found = outputs.logits?.data as Float32Array;
    for (const [i, row] of rows.entries()) {
      logits[row] = found.slice(i * classes.length, (i + 1) * classes.length);
      targets[row] = (examples.at(row) as TargetExample).targets;
    }
  }
  if (stop()) return undefined;
  const [all, wanted] = [logits.flatMap((row) => [...row]), targets.flatMap((row) => [...row])];
  const lossSum = all.reduce((sum, x, i) => sum + elementLoss(x, wanted[i] as number), 0);
  const isLabel = wanted.map((t) => t === 1);
  const threshold = given ?? bestThreshold(all.map(sigmoid), isLabel);
  const chosen = (keep: (row: number, at: number) => boolean): number[][] =>
    logits.map((_, row) => [...classes.keys()].filter((at) => keep(row, at)));
  const labels = chosen((row, at) => targets[row]?.[at] === 1);
  const predictions = chosen((row, at) => sigmoid(logits[row]?.[at] as number) >= threshold);
  for (const [row, own] of logits.entries()) {
    const losses = Array.from(own, (x, at) => elementLoss(x, targets[row]?.[at] as number));
    const loss = losses.reduce((sum, x) => sum + x, 0) / classes.length;
    worst?.offer(row, loss, () => ({
      labels: (labels[row] ?? []).map((at) => classes[at]).join(", "),
      predictions: (predictions[row] ?? [])
        .map((at) => `${classes[at]} ${sigmoid(own[at] as number).toFixed(3)}`)
        .join(", "),
      loss,
    }));
  }
  const report = multiLabelReport(labels, predictions, classes);
  const metrics = {
    eval_loss: lossSum / all.length,
    eval_samples: examples.length,
    eval_accuracy: report.accuracy,
    eval_micro_f1: report.microF1,
    eval_macro_f1: report.macroF1,
    eval_weighted_f1: report.weightedF1,
    eval_samples_f1: report.samplesF1,
    eval_threshold: threshold,
    eval_per_class: Object.fromEntries(report.classes.map(({ class: name, ...scores }) => [name, scores])),
  };
  return { metrics, predictions: { classes, labels, predictions } };
}
