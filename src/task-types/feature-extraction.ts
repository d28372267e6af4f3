import type { TaskFacts } from "./facts.ts";

/** An embedding for each text. */
export const featureExtraction = {
  name: "FEATURE_EXTRACTION",
  verb: "embed",
  classEndings: ["Model"],
  lossTypes: ["multiple_negatives_ranking", "cosine_similarity", "batch_all_triplet"],
  ownSettings: ["loss_type", "matryoshka_dims"],
  maxLength: 256,
  columns: "anchor and positive, with any number of negatives; sentence1, sentence2 and score; or texts and labels",
  choice: {
    label: "Search: embed texts so that those that belong together are close",
    hint: "rows: a query and its answer",
  },
  card: {
    name: "sentence similarity",
    pipeline: "sentence-similarity",
    autoModel: "AutoModel",
    ask: ['print(model(**tokenizer("…", return_tensors="pt")).last_hidden_state)  # of tokens, not pooled yet'],
  },
} as const satisfies TaskFacts;
