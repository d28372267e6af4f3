import type { EvalResults } from "../events/events.ts";
import { IGNORED } from "../examples/labels.ts";
import { argmax } from "../generation/sampling.ts";
import { classificationReport } from "../metrics/classification.ts";
import { areEntityTags, entityScores } from "../metrics/entities.ts";
import type { Asked, Examples, ScoreOptions, Scores } from "./definition.ts";
import { runs } from "./runs.ts";

/** Predictions at the label positions that count. */
interface Predictions {
  readonly labels: Int32Array;
  readonly predictions: Int32Array;
  /** Sum over them of −log p(label), nats. */
  readonly lossSum: number;
}

/** Runs a classifier over examples; calls `visit` with each label position's logits. */
export async function eachLogits(
  classifier: Asked,
  examples: Examples,
  batchSize: number,
  visit: (logits: Float32Array, label: number, example: number) => void,
  stop: () => boolean = () => false,
): Promise<void> {
  for await (const { rows, batch, outputs } of runs(classifier, examples, batchSize, stop)) {
    const { logits } = outputs;
    if (!logits) throw new RangeError("the session has no output named logits");
    const classes = logits.shape.at(-1) as number;
    const perRow = batch.labels.length / rows.length;
    batch.labels.forEach((label, i) => {
      const row = (logits.data as Float32Array).subarray(i * classes, (i + 1) * classes);
      if (label !== BigInt(IGNORED)) visit(row, Number(label), rows[Math.floor(i / perRow)] as number);
    });
  }
}

/** Scores a classifier on examples; `undefined` when it was stopped. */
export async function classScores(
  classifier: Asked,
  examples: Examples,
  { batchSize, classes, stop }: ScoreOptions,
): Promise<Scores | undefined> {
  const found: { label: number; prediction: number; confidence: number; example: number }[] = [];
  let lossSum = 0;
  await eachLogits(classifier, examples, batchSize, (logits, label, example) => {
    const logProbabilities = logSoftmax(logits);
    const prediction = argmax(logits);
    const confidence = Math.round(1e6 * Math.exp(logProbabilities[prediction] as number)) / 1e6; // short in the file
    found.push({ label, prediction, confidence, example });
    lossSum -= logProbabilities[label] as number;
  }, stop); // biome-ignore format: one call
  if (stop()) return undefined;
  found.sort((a, b) => a.example - b.example);
  const [labels, predictions] = [found.map(({ label }) => label), found.map(({ prediction }) => prediction)];
  const results = { labels: Int32Array.from(labels), predictions: Int32Array.from(predictions), lossSum };
  const rows = found.map(({ example }) => example);
  return {
    metrics: evalResults(results, classes, examples.length),
    predictions: {
      classes,
      examples: rows,
      labels,
      predictions,
      confidences: found.map(({ confidence }) => confidence),
    },
  };
}

/**
 * Scores a classifier of words: {@link classScores}, and where the classes are tags of entities precision, recall and F1
 * of whole entities, under the names that transformers' examples give them.
 */
export async function wordScores(
  classifier: Asked,
  examples: Examples,
  options: ScoreOptions,
): Promise<Scores | undefined> {
  const scores = await classScores(classifier, examples, options);
  const { classes } = options;
  if (!scores || !areEntityTags(classes)) return scores;
  const { metrics, predictions } = scores;
  const rows = predictions.examples as readonly number[];
  const tagsOf = (ids: readonly unknown[] = []): string[][] => {
    const tags = new Map<number, string[]>();
    for (const [at, row] of rows.entries())
      tags.set(row, [...(tags.get(row) ?? []), classes[ids[at] as number] as string]);
    return [...tags.values()];
  };
  const { precision, recall, f1 } = entityScores(tagsOf(predictions.labels), tagsOf(predictions.predictions));
  return { metrics: { ...metrics, eval_precision: precision, eval_recall: recall, eval_f1: f1 }, predictions };
}

/** The contents of `eval_results.json`. */
export function evalResults(
  { labels, predictions, lossSum }: Predictions,
  classes: readonly string[],
  samples: number,
): EvalResults {
  const report = classificationReport(labels, predictions, classes);
  return {
    eval_loss: lossSum / labels.length,
    eval_samples: samples,
    eval_accuracy: report.accuracy,
    eval_micro_f1: report.microF1,
    eval_macro_f1: report.macroF1,
    eval_weighted_f1: report.weightedF1,
    eval_per_class: Object.fromEntries(report.classes.map(({ class: name, ...scores }) => [name, scores])),
  };
}

/** Natural logarithms of the softmax, in float64. */
export function logSoftmax(logits: Float32Array): Float64Array {
  const top = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const sum = logits.reduce((total, x) => total + Math.exp(x - top), 0);
  return Float64Array.from(logits, (x) => x - top - Math.log(sum));
}
