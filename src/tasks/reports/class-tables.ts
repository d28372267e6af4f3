import { type Calibration, calibration } from "../../metrics/calibration.ts";
import { confusedPairs } from "../../metrics/confusions.ts";
import { column, type Evaluated, type ReportTable, type TaskReport } from "./report.ts";

/** Pairs of classes that a report lists. */
const MOST_PAIRS = 20;

/** Predictions of one class for each label, by the names of `eval_predictions.json`. */
interface Classified {
  readonly classes: readonly string[];
  readonly labels: readonly number[];
  readonly predictions: readonly number[];
  readonly confidences: readonly number[];
}

/** Columns of the scores of classes. */
export const CLASS_SCORES = [
  column.score("precision"),
  column.score("recall"),
  column.score("f1", "F1"),
  column.count("support"),
];

const classified = ({ predictions }: Evaluated): Classified => predictions as unknown as Classified;

/** Scores of each class, in the order of their ids. */
export function perClassTable({ metrics, predictions }: Evaluated, note: string): ReportTable {
  const scores = metrics.eval_per_class as Readonly<Record<string, Readonly<Record<string, number>>>>;
  const rows = (predictions.classes as readonly string[]).map((name) => ({ class: name, ...scores[name] }));
  return { key: "per_class", title: "Classes", note, columns: [column.text("class"), ...CLASS_SCORES], rows };
}

function confusionsTable(evaluated: Evaluated): ReportTable {
  const { classes, labels, predictions } = classified(evaluated);
  const rows = confusedPairs(labels, predictions, MOST_PAIRS).map(({ label, prediction, count, share }) => ({
    label: classes[label] as string,
    prediction: classes[prediction] as string,
    count,
    share,
  }));
  return {
    key: "confusions",
    title: "Confusions",
    note: "Pairs of classes that are confused most often; share is that of the examples with this label.",
    columns: [
      column.text("label"),
      column.text("prediction", "predicted as"),
      column.count("count"),
      column.score("share"),
    ],
    rows,
  };
}

function calibrationOf(evaluated: Evaluated): Calibration {
  const { labels, predictions, confidences } = classified(evaluated);
  return calibration(
    confidences,
    labels.map((label, i) => label === predictions[i]),
  );
}

function calibrationTable(evaluated: Evaluated): ReportTable {
  const { bins, expectedError } = calibrationOf(evaluated);
  return {
    key: "calibration",
    title: "Calibration",
    note:
      `Predictions by the probability of the predicted class, in ${bins.length} bins. The expected calibration error is ` +
      `${expectedError.toFixed(4)}: the mean distance of accuracy and mean probability, bins weighted by their predictions.`,
    columns: [
      column.score("from"),
      column.score("to"),
      column.count("count", "predictions"),
      column.score("accuracy"),
      column.score("confidence", "mean probability"),
    ],
    rows: bins.map(({ count, ...means }, i) => ({
      from: i / bins.length,
      to: (i + 1) / bins.length,
      count,
      ...(count > 0 && means), // an empty bin has no means
    })),
  };
}

const PER_CLASS = "Precision, recall and F1 of each class; support is the number of labels of the class.";

/** Report of a classifier of texts. */
export const classReport = {
  scores: (evaluated) => ({ eval_expected_calibration_error: calibrationOf(evaluated).expectedError }),
  tables: (evaluated) => [perClassTable(evaluated, PER_CLASS), confusionsTable(evaluated), calibrationTable(evaluated)],
  worst: {
    title: "Most wrong examples",
    note: "Examples with the largest loss; probability is that of the predicted class.",
    columns: [
      column.text("label"),
      column.text("prediction", "predicted as"),
      column.score("probability"),
      column.score("loss"),
    ],
  },
} satisfies TaskReport;
