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
  card: {
    name: "masked language modelling",
    pipeline: "fill-mask",
    autoModel: "AutoModelForMaskedLM",
    ask: [
      'inputs = tokenizer("… " + tokenizer.mask_token + " …", return_tensors="pt")',
      "logits = model(**inputs).logits[inputs.input_ids == tokenizer.mask_token_id]",
      "print(tokenizer.decode(logits.argmax(-1)))",
    ],
  },
  isInPeft: false,
} as const satisfies TaskFacts;
