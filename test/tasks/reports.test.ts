import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { averagePrecision } from "../../src/metrics/retrieval.ts";
import { evalResults } from "../../src/tasks/class-scores.ts";
import { classReport } from "../../src/tasks/reports/class-tables.ts";
import { wordReport } from "../../src/tasks/reports/entity-tables.ts";
import type { Evaluated, ReportTable, TaskReport } from "../../src/tasks/reports/report.ts";
import { fixture } from "../running.ts";

type Scores = Readonly<Record<string, Readonly<Record<"precision" | "recall" | "f1" | "support", number>>>>;
const { classified, entities, rankings } = JSON.parse(readFileSync(fixture("report.json"), "utf8")) as {
  classified: {
    classes: string[];
    labels: number[];
    predictions: number[];
    confidences: number[];
    per_class: Scores;
    confusions: [string, string, number, number][];
    bin_counts: number[];
    expected_calibration_error: number;
  };
  entities: { labels: string[][]; predictions: string[][]; types: Scores };
  rankings: { hits: boolean[]; average_precision: number }[];
};

const tableOf = (report: TaskReport, evaluated: Evaluated, key: string): ReportTable =>
  report.tables(evaluated).find((table) => table.key === key)!;

/** Expects rows of scores as an oracle has them. */
function expectScores(table: ReportTable, name: string, wanted: Scores): void {
  expect(table.rows.map((row) => row[name])).toEqual(Object.keys(wanted));
  for (const row of table.rows)
    for (const [key, value] of Object.entries(wanted[row[name] as string]!)) expect(row[key]).toBeCloseTo(value, 12);
}

describe("a classifier's report", () => {
  const { classes, labels, predictions, confidences } = classified;
  const results = { labels: Int32Array.from(labels), predictions: Int32Array.from(predictions), lossSum: 1 };
  const metrics = evalResults(results, classes, labels.length);
  const evaluated = {
    metrics,
    predictions: { classes, examples: [...labels.keys()], labels, predictions, confidences },
  };

  test("has scikit-learn's classification_report, a class without examples too", () => {
    expectScores(tableOf(classReport, evaluated, "per_class"), "class", classified.per_class);
  });

  test("has the largest entries of scikit-learn's confusion matrix beside its diagonal", () => {
    const { rows } = tableOf(classReport, evaluated, "confusions");
    expect(rows.map(({ label, prediction, count, share }) => [label, prediction, count, share])).toEqual(
      classified.confusions,
    );
  });

  test("has numpy's expected calibration error and bins; an empty bin has no means", () => {
    expect(classReport.scores(evaluated)).toEqual({
      eval_expected_calibration_error: expect.closeTo(classified.expected_calibration_error, 12),
    });
    const { rows, note } = tableOf(classReport, evaluated, "calibration");
    expect(rows.map(({ count }) => count)).toEqual(classified.bin_counts);
    expect(note).toContain(classified.expected_calibration_error.toFixed(4));
    for (const row of rows) expect("accuracy" in row).toBe(row.count !== 0);
  });
});

test("a report on words has seqeval's scores of each type of entity", () => {
  const classes = ["O", "B-DAYS", "I-DAYS", "B-TOPIC", "I-TOPIC"];
  const ids = (tags: readonly string[][]): number[] => tags.flat().map((tag) => classes.indexOf(tag));
  const examples = entities.labels.flatMap((tags, row) => tags.map(() => row));
  const [labels, predictions] = [ids(entities.labels), ids(entities.predictions)];
  const evaluated = { metrics: {}, predictions: { classes, examples, labels, predictions, confidences: labels.map(() => 1) } }; // biome-ignore format: one line
  const withClasses = { ...evaluated, metrics: { eval_per_class: {} } };
  expectScores(tableOf(wordReport, withClasses, "entities"), "type", entities.types);
});

test.each(rankings)("average precision of $hits is scikit-learn's", ({ hits, average_precision }) => {
  expect(averagePrecision(hits, hits.filter(Boolean).length)).toBeCloseTo(average_precision, 12);
});
