import type { TaskFacts } from "./facts.ts";

/** The next token. */
export const causalLm = {
  name: "CAUSAL_LM",
  verb: "generate",
  classEndings: ["ForCausalLM", "LMHeadModel"],
  maxLength: 1024,
  ownFlags: ["packing", "completion_only_loss", "assistant_only_loss"],
  ownSettings: ["chat_template"],
  columns: "messages, or prompt and completion, or a column of texts",
  choice: {
    label: "Generate text: chat, complete prompts, or continue pretraining on raw text",
    hint: "a language model",
  },
  card: {
    name: "text generation",
    pipeline: "text-generation",
    autoModel: "AutoModelForCausalLM",
    ask: [
      'inputs = tokenizer("…", return_tensors="pt")',
      "print(tokenizer.decode(model.generate(**inputs, max_new_tokens=50)[0]))",
    ],
  },
} as const satisfies TaskFacts;
