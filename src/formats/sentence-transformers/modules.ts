import { DEFAULT_POOLING, type Pooling } from "../../models/parts/pooling.ts";
import type { JsonObject } from "../json/json.ts";

/** Names of files beside the weights of an embedding model. */
export const FILES = {
  modules: "modules.json",
  transformer: "sentence_bert_config.json",
  settings: "config_sentence_transformers.json",
} as const;

/** Settings of an embedding model in the files of sentence-transformers. */
export interface SentenceModules extends Pooling {
  /** Longest text in tokens; absent: as the tokenizer and the model allow. */
  readonly maxLength?: number;
  /** Texts to put before an input, by name: `query` and `document`, say. */
  readonly prompts: Readonly<Record<string, string>>;
  /** Name of the prompt of inputs for which none is named. */
  readonly defaultPrompt?: string;
  /** False when the tokens of a prompt are left out of the pooling. */
  readonly poolsPrompt: boolean;
  /** `config_sentence_transformers.json` as it is, to be written again. */
  readonly settings: JsonObject;
}

/** A model without files of sentence-transformers. */
export const DEFAULT_MODULES: SentenceModules = {
  ...DEFAULT_POOLING,
  prompts: {},
  poolsPrompt: true,
  settings: {},
};
