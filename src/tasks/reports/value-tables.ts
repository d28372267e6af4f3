import type { Worst } from "../../metrics/worst.ts";
import { column, type ReportRow, type TaskReport } from "./report.ts";

/** Offers each example by the size of its error. */
export function offerErrors(labels: readonly number[], predictions: readonly number[], worst?: Worst<ReportRow>): void {
  for (const [row, label] of labels.entries()) {
    const prediction = predictions[row] as number;
    worst?.offer(row, Math.abs(prediction - label), () => ({ label, prediction, error: prediction - label }));
  }
}

/** Report of predicted values. */
export const valueReport: TaskReport = {
  tables: () => [],
  worst: {
    title: "Largest errors",
    note: "Examples whose prediction is furthest from the label; error is prediction − label.",
    columns: [column.score("label"), column.score("prediction"), column.score("error")],
  },
};
