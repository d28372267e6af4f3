import type { TaskFacts } from "./facts.ts";

/** A class for each text. */
export const seqCls = {
  name: "SEQ_CLS",
  labelled: "text",
  verb: "predict",
  classEndings: ["ForSequenceClassification"],
  problemTypes: ["single_label_classification", "multi_label_classification", "regression"],
  ownSettings: ["problem_type"],
  maxLength: 256,
  columns: "a column of texts and one of labels",
  choice: { label: "Classify texts", hint: "rows: a text and its label" },
  card: {
    name: "text classification",
    pipeline: "text-classification",
    autoModel: "AutoModelForSequenceClassification",
  },
} as const satisfies TaskFacts;
