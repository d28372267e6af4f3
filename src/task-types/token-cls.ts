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
    ask: [
      'words = "…".split()',
      'inputs = tokenizer(words, is_split_into_words=True, return_tensors="pt")',
      "tags = model(**inputs).logits[0].argmax(-1).tolist()",
      "of = inputs.word_ids()  # the first token of a word has its tag",
      "print([(word, model.config.id2label[tags[of.index(i)]]) for i, word in enumerate(words) if i in of])",
    ],
  },
} as const satisfies TaskFacts;
