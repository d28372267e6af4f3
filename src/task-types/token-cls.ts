import type { TaskFacts } from "./facts.ts";

/** A class for each word. */
export const tokenCls = {
  name: "TOKEN_CLS",
  labelled: "word",
  verb: "predict",
  classEndings: ["ForTokenClassification"],
  maxLength: 256,
  columns: "a column of lists of words and one of lists of tags",
  choice: { label: "Tag words", hint: "rows: a list of words and one of tags" },
  card: {
    name: "token classification",
    pipeline: "token-classification",
    autoModel: "AutoModelForTokenClassification",
  },
} as const satisfies TaskFacts;
