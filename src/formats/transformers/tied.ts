import { familyFiles } from "../../models/index.ts";
import type { JsonObject } from "../json/json.ts";

/** True when a language model's output layer shares the input embedding's weight. */
export const tiesEmbeddings = ({ tie_word_embeddings, model_type }: JsonObject): boolean =>
  typeof tie_word_embeddings === "boolean" ? tie_word_embeddings : familyFiles(model_type).tied === true;
