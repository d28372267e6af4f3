import type { EvalResults } from "../events/events.ts";
import { IGNORED } from "../examples/labels.ts";
import { argmax } from "../generation/sampling.ts";
import { classificationReport } from "../metrics/classification.ts";
import { areEntityTags, entityScores } from "../metrics/entities.ts";
import type { Asked, Examples, ScoreOptions, Scores } from "./definition.ts";
import { tagsOf } from "./reports/entity-tables.ts";
import type { ReportRow } from "./reports/report.ts";
import { SentenceErrors } from "./reports/sentence-errors.ts";
import { runs } from "./runs.ts";

/** Predictions at the label positions that count. */
interface Predictions {
  readonly labels: Int32Array;
  readonly predictions: Int32Array;
  /** Sum over them of −log p(label), nats. */
  readonly lossSum: number;
}

/** One prediction, and where its label stands. */
interface Found {
  readonly label: number;
  readonly prediction: number;
  /** Probability of the prediction. */
  readonly confidence: number;
  /** Number of the example. */
  readonly example: number;
  /** Token that the label stands at, from 0. */
  readonly position: number;
  /** −log p(label), nats. */
  readonly loss: number;
}

/** Runs a classifier over examples; calls `visit` with each label position's logits. */
export async function eachLogits(
  classifier: Asked,
  examples: Examples,
  batchSize: number,
  visit: (logits: Float32Array, label: number, example: number, position: number) => void,
  stop: () => boolean = () => false,
): Promise<void> {
  for await (const { rows, batch, outputs } of runs(classifier, examples, batchSize, stop)) {
    const { logits } = outputs;
    if (!logits) throw new RangeError("the session has no output named logits");
    const classes = logits.shape.at(-1) as number;
    const perRow = batch.labels.length / rows.length;
    batch.labels.forEach((label, i) => {
      const row = (logits.data as Float32Array).subarray(i * classes, (i + 1) * classes);
      if (label !== BigInt(IGNORED)) visit(row, Number(label), rows[Math.floor(i / perRow)] as number, i % perRow);
    });
  }
}

/**
 * Scores a classifier on examples; `undefined` when it was stopped.
 * @param onFound Called with each prediction, those of an example one after the other. Default: offers it as an example.
 */
export async function classScores(
  classifier: Asked,
  examples: Examples,
  { batchSize, classes, stop, worst }: ScoreOptions,
  onFound: (found: Found) => void = (found) => worst?.offer(found.example, found.loss, () => cellsOf(found, classes)),
): Promise<Scores | undefined> {
  const all: Omit<Found, "loss" | "position">[] = [];
  let lossSum = 0;
  await eachLogits(classifier, examples, batchSize, (logits, label, example, position) => {
    const logProbabilities = logSoftmax(logits);
    const prediction = argmax(logits);
    const confidence = Math.round(1e6 * Math.exp(logProbabilities[prediction] as number)) / 1e6; // short in the file
    const loss = -(logProbabilities[label] as number);
    all.push({ label, prediction, confidence, example });
    onFound({ label, prediction, confidence, example, position, loss });
    lossSum += loss;
  }, stop); // biome-ignore format: one call
  if (stop()) return undefined;
  all.sort((a, b) => a.example - b.example);
  const [labels, predictions] = [all.map(({ label }) => label), all.map(({ prediction }) => prediction)];
  const results = { labels: Int32Array.from(labels), predictions: Int32Array.from(predictions), lossSum };
  const rows = all.map(({ example }) => example);
  return {
    metrics: evalResults(results, classes, examples.length),
    predictions: {
      classes,
      examples: rows,
      labels,
      predictions,
      confidences: all.map(({ confidence }) => confidence),
    },
  };
}

/** A prediction as a row of a report. */
const cellsOf = ({ label, prediction, confidence, loss }: Found, classes: readonly string[]): ReportRow => ({
  label: classes[label] as string,
  prediction: classes[prediction] as string,
  probability: confidence,
  loss,
});

/**
 * Scores a classifier of words: {@link classScores}, and where the classes are tags of entities precision, recall and F1
 * of whole entities, under the names that transformers' examples give them.
 */
export async function wordScores(
  classifier: Asked,
  examples: Examples,
  options: ScoreOptions,
): Promise<Scores | undefined> {
  const sentences = new SentenceErrors(examples, options);
  const scores = await classScores(classifier, examples, options, (found) => sentences.add(found));
  sentences.offer();
  if (!scores || !areEntityTags(options.classes)) return scores;
  const { labels, predictions } = tagsOf(scores);
  const { precision, recall, f1 } = entityScores(labels, predictions);
  const metrics = { ...scores.metrics, eval_precision: precision, eval_recall: recall, eval_f1: f1 };
  return { metrics, predictions: scores.predictions };
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
