import { column, type TaskReport } from "./report.ts";

/** Report of a language model. */
export const languageReport: TaskReport = {
  tables: () => [],
  worst: {
    title: "Worst examples",
    note: "Examples with the largest mean loss of a trained token; correct is the number of tokens that were the model's first choice.",
    columns: [column.score("loss"), column.score("perplexity"), column.count("tokens"), column.count("correct")],
  },
};
