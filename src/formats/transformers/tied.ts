import type { JsonObject } from "../json/json.ts";

/** Types whose output layer shares the embedding's weight unless their configuration denies it. */
const TIED = ["gpt2", "gemma2", "gemma3_text", "smollm3"];

/** Whether a language model's output layer shares the input embedding's weight. */
export const tiesEmbeddings = ({ tie_word_embeddings, model_type }: JsonObject): boolean =>
  typeof tie_word_embeddings === "boolean" ? tie_word_embeddings : TIED.includes(String(model_type));
