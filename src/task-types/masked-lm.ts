import type { TaskFacts } from "./facts.ts";

/** Tokens that are hidden. */
export const maskedLm = {
  name: "MASKED_LM",
  verb: "evaluate",
  classEndings: ["ForMaskedLM"],
  maxLength: 256,
  ownSettings: ["mlm_probability"],
  columns: "a column of texts",
  choice: { label: "Fill in masked tokens: continue pretraining an encoder on raw text" },
} as const satisfies TaskFacts;
