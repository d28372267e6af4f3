import { perClassTable } from "./class-tables.ts";
import { column, type TaskReport } from "./report.ts";

/** Report of a model with any number of labels for each text. */
export const labelsReport: TaskReport = {
  tables: (evaluated) => [
    perClassTable(
      evaluated,
      `A label is predicted from a probability of ${Number(Number(evaluated.metrics.eval_threshold).toPrecision(4))} on; support is the number of texts that have it.`,
    ),
  ],
  worst: {
    title: "Most wrong examples",
    note: "Examples with the largest loss, a mean over labels, with the probability of each predicted label.",
    columns: [column.text("labels"), column.text("predictions", "predicted labels"), column.score("loss")],
  },
};
