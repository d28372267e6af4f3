import type { TaskFacts } from "./facts.ts";

/** The next token. */
export const causalLm = {
  name: "CAUSAL_LM",
  verb: "generate",
  classEndings: ["ForCausalLM", "LMHeadModel"],
  maxLength: 1024,
  ownFlags: ["packing", "completion_only_loss", "assistant_only_loss"],
  columns: "messages, or prompt and completion, or a column of texts",
  choice: {
    label: "Generate text: chat, complete prompts, or continue pretraining on raw text",
    hint: "a language model",
  },
} as const satisfies TaskFacts;
