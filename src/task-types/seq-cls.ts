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
    ask: [
      'logits = model(**tokenizer("…", return_tensors="pt")).logits',
      "print(model.config.id2label[logits.argmax().item()])",
    ],
  },
  problemCards: {
    multi_label_classification: {
      name: "multi-label text classification",
      ask: [
        'probabilities = model(**tokenizer("…", return_tensors="pt")).logits.sigmoid()[0].tolist()',
        'threshold = getattr(model.config, "multi_label_threshold", 0.5)',
        "print([model.config.id2label[i] for i, p in enumerate(probabilities) if p >= threshold])",
      ],
    },
    regression: {
      name: "text regression",
      ask: ['print(model(**tokenizer("…", return_tensors="pt")).logits.item())'],
    },
  },
} as const satisfies TaskFacts;
