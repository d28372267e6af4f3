import { CUTS } from "../../metrics/retrieval.ts";
import { column, type TaskReport } from "./report.ts";

/** Report of a search. */
export const retrievalReport: TaskReport = {
  tables: ({ metrics }) => [
    {
      key: "by_k",
      title: "Results",
      note: "Recall is the share of a query's documents among the first k results; accuracy is the share of queries with any of them there.",
      columns: [column.count("k"), column.score("recall"), column.score("accuracy")],
      rows: CUTS.map((k) => ({
        k,
        recall: metrics[`eval_recall@${k}`] as number,
        accuracy: metrics[`eval_accuracy@${k}`] as number,
      })),
    },
  ],
  worst: {
    title: "Worst queries",
    note: "Queries with the lowest average precision, the rank of the first right document, and the row of the first result.",
    columns: [
      column.score("average_precision", "average precision"),
      column.count("rank"),
      column.place("first_result", "first result"),
    ],
  },
};
